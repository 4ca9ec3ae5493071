// Checks dashboards against Grafana's own types, @grafana/schema.
//
// Usage: node check.mjs FOLDER_WITH_NODE_MODULES SCRATCH_FOLDER DASHBOARD.json…
// Each dashboard becomes a TypeScript file: the whole as a Dashboard, the options and the custom field settings of each
// panel as what its kind of panel takes. The compiler then tells of every field that is unknown, missing or of the wrong
// type. Ends with 1 if there is any.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [installed, scratch, ...files] = process.argv.slice(2);
const ts = createRequire(path.resolve(installed, 'package.json'))('typescript');

const modules = {
  stat: 'stat/panelcfg/x/StatPanelCfg',
  timeseries: 'timeseries/panelcfg/x/TimeSeriesPanelCfg',
  'state-timeline': 'statetimeline/panelcfg/x/StateTimelinePanelCfg',
  table: 'table/panelcfg/x/TablePanelCfg',
};
const withFieldConfig = { timeseries: true, 'state-timeline': true, table: true };

// JSON has no enums: a member of one is its value.
const prelude = (kinds) => `
import type { Dashboard } from '@grafana/schema';
${kinds.map(([name, module]) => `import type * as ${name} from '@grafana/schema/dist/esm/raw/composable/${module}_types.gen';`).join('\n')}
type Plain<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
`;

// What Prometheus's data source reads of an annotation and of its query, beside what the schema knows of all.
const ofPrometheus = { annotation: ['titleFormat', 'textFormat', 'useValueForTime'], query: ['expr', 'interval'] };

function source(dashboard) {
  for (const annotation of dashboard.annotations.list) {
    for (const field of ofPrometheus.annotation) delete annotation[field];
    for (const field of ofPrometheus.query) delete annotation.target[field];
  }
  const kinds = Object.entries(modules).map(([kind, module]) => [kind.replace('-', '_'), module]);
  let text = prelude(kinds);
  text += `export const dashboard: Plain<Dashboard> = ${JSON.stringify(dashboard, null, 1)};\n`;
  for (const panel of dashboard.panels) {
    if (!(panel.type in modules)) continue;
    const kind = panel.type.replace('-', '_');
    // The title leads to the panel, where the compiler complains.
    text += `// ${panel.title}\nexport const options${panel.id}: Plain<Partial<${kind}.Options>> = ${JSON.stringify(panel.options, null, 1)};\n`;
    if (withFieldConfig[panel.type]) {
      text += `// ${panel.title}\nexport const custom${panel.id}: Plain<Partial<${kind}.FieldConfig>> = ${JSON.stringify(panel.fieldConfig.defaults.custom, null, 1)};\n`;
    }
  }
  return text;
}

fs.mkdirSync(scratch, { recursive: true });
fs.rmSync(path.join(scratch, 'node_modules'), { force: true });
fs.symlinkSync(path.resolve(installed, 'node_modules'), path.join(scratch, 'node_modules'));
fs.writeFileSync(path.join(scratch, 'package.json'), '{"type": "module"}\n');
const sources = files.map((file) => {
  const target = path.join(scratch, `${path.basename(file, '.json')}.ts`);
  fs.writeFileSync(target, source(JSON.parse(fs.readFileSync(file, 'utf8'))));
  return target;
});

const program = ts.createProgram(sources, {
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  preserveSymlinks: true,
  types: [],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  target: ts.ScriptTarget.ES2022,
});
const faults = ts.getPreEmitDiagnostics(program);
for (const fault of faults) {
  let where = '';
  if (fault.file) {
    const { line } = fault.file.getLineAndCharacterOfPosition(fault.start);
    const lines = fault.file.text.split('\n');
    where = `${path.basename(fault.file.fileName)}:${line + 1}: ${lines[line].trim()}: `;
  }
  console.log(where + ts.flattenDiagnosticMessageText(fault.messageText, '\n  '));
}
console.log(`${files.length} dashboards, ${faults.length} faults`);
process.exit(files.length > 0 && faults.length === 0 ? 0 : 1);
