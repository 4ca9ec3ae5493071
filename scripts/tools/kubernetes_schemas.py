"""Makes the JSON schemas that kubeconform reads out of what Kubernetes and the CRDs' projects publish in their Go
modules: api/openapi-spec/swagger.json, and CustomResourceDefinitions in YAML.

usage: kubernetes_schemas.py OUTPUT (VERSION=SWAGGER.JSON | CRD.YAML)...

OUTPUT/<version>/ gets the kinds of Kubernetes, OUTPUT/crds/ the custom resources, each as
<kind>-<group>-<version>.json with the first word of the group, in lower case. They are strict: an object takes no fields
but those that it names.
"""

import json
import sys
from pathlib import Path

import yaml

# What the chart renders, or a user may add to it.
KINDS = {
    "ConfigMap", "Ingress", "NetworkPolicy", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount",
    "StatefulSet",
}
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"


def strict(node, close=True):
    """The same schema, in which objects with named fields take no others."""
    if isinstance(node, list):
        return [strict(item, close) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("x-kubernetes-int-or-string") or node.get("format") == "int-or-string":
        return {"type": ["string", "integer"]}
    result = {}
    for key, value in node.items():
        if key == "properties":
            result[key] = {name: strict(field, close) for name, field in value.items()}
        elif key in ("allOf", "anyOf", "oneOf", "not"):
            # These add conditions to fields that are named elsewhere.
            result[key] = strict(value, close=False)
        elif key not in ("description", "format", "example"):
            result[key] = strict(value, close)
    if close and "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    if node.get("nullable") and isinstance(node.get("type"), str):
        result["type"] = [node["type"], "null"]
    return result


def write(folder, kind, group, version, schema):
    folder.mkdir(parents=True, exist_ok=True)
    parts = [kind.lower(), group.split(".")[0], version] if group else [kind.lower(), version]
    (folder / ("-".join(parts) + ".json")).write_text(json.dumps(schema))


def from_swagger(path, folder):
    definitions = json.loads(Path(path).read_text())["definitions"]
    closed = {name: strict(definition) for name, definition in definitions.items()}
    closed[QUANTITY] = {"type": ["string", "number"]}
    closed[INT_OR_STRING] = {"type": ["string", "integer"]}
    for name, definition in definitions.items():
        for known in definition.get("x-kubernetes-group-version-kind", []):
            if known["kind"] not in KINDS or not name.endswith("." + known["kind"]):
                continue
            schema = dict(closed[name])
            schema["properties"] = {
                **schema["properties"],
                "kind": {"enum": [known["kind"]]},
                "apiVersion": {"enum": ["/".join(filter(None, [known["group"], known["version"]]))]},
            }
            schema["required"] = ["kind", "apiVersion"]
            used = needed(schema, closed)
            write(folder, known["kind"], known["group"], known["version"],
                  {**schema, "definitions": {key: closed[key] for key in sorted(used)}})


def needed(schema, definitions, found=None):
    """The names of the definitions that the schema refers to, also by way of others."""
    found = set() if found is None else found
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            name = reference.removeprefix("#/definitions/")
            if name not in found:
                found.add(name)
                needed(definitions[name], definitions, found)
        for value in schema.values():
            needed(value, definitions, found)
    elif isinstance(schema, list):
        for value in schema:
            needed(value, definitions, found)
    return found


def from_crd(path, folder):
    for document in yaml.load_all(Path(path).read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if not document or document.get("kind") != "CustomResourceDefinition":
            continue
        spec = document["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            write(folder, spec["names"]["kind"], spec["group"], version["name"], schema)


def main(output, *sources):
    for source in sources:
        version, separator, path = source.partition("=")
        if separator:
            from_swagger(path, Path(output) / version)
        else:
            from_crd(source, Path(output) / "crds")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
