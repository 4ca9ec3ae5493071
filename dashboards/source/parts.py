"""What the dashboards are built of: panels, variables, links and the one palette, as Grafana's classic JSON.

Colours are Okabe and Ito's, told apart by people with any kind of colour blindness, on light and dark ground. None
stands alone: every state has its word, every series its name.
"""

BLUE, ORANGE, VERMILION = "#0072B2", "#E69F00", "#D55E00"
GREEN, SKY, PURPLE, YELLOW, GREY = "#009E73", "#56B4E9", "#CC79A7", "#F0E442", "#8C8C8C"
GOOD, WARN, BAD = BLUE, ORANGE, VERMILION

TAG = "okta-servicenow"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
RUNBOOKS = "https://runbooks.example.com/okta-servicenow-exporter"

TARGET = 'job=~"$job", instance=~"$instance"'
SELECT = f'{TARGET}, integration=~"$integration"'

# One colour for one value, on every dashboard.
KINDS = {
    "sys_id_changed": BLUE,
    "record_missing": VERMILION,
    "wrong_user": PURPLE,
    "hidden_by_acl": ORANGE,
    "not_linked": SKY,
    "active_mismatch": GREEN,
    "duplicate_link": YELLOW,
    "ambiguous_match": GREY,
    "key_mismatch": "#C7C7C7",
}
REASONS = {
    "record_not_found_or_hidden": VERMILION,
    "acl_denied": ORANGE,
    "authentication": PURPLE,
    "remote_error": SKY,
    "rate_limited": YELLOW,
    "validation": GREEN,
    "duplicate": BLUE,
    "other": GREY,
}
STATES = {"linked": BLUE, "drifted": VERMILION, "unverified": ORANGE, "exempt": GREY}


def query(expr: str, legend: str = "", *, instant: bool = False, table: bool = False) -> dict:
    return {
        "datasource": DATASOURCE,
        "expr": expr,
        "legendFormat": legend or "__auto",
        "instant": instant or table,
        "range": not (instant or table),
        "format": "table" if table else "time_series",
    }


def steps(*parts: tuple[float | None, str]) -> dict:
    """(None, colour) first, then (from this value on, colour)."""
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for value, colour in parts]}


PLAIN = steps((None, BLUE))


def words(**by_value: tuple[str, str]) -> list[dict]:
    """words(v0=("refused", BAD), v1=("valid", GOOD)): a word and a colour for a value."""
    options = {
        value[1:]: {"text": text, "color": colour, "index": index}
        for index, (value, (text, colour)) in enumerate(by_value.items())
    }
    return [{"type": "value", "options": options}]


def fixed(colours: dict[str, str]) -> list[dict]:
    """Overrides that give a series its colour by the last word of its name."""
    return [
        {
            "matcher": {"id": "byRegexp", "options": f"/(^| ){name}$/"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
        }
        for name, colour in colours.items()
    ]


def link(title: str, url: str, icon: str = "external link") -> dict:
    return {"type": "link", "title": title, "url": url, "icon": icon, "tooltip": "", "tags": [], "asDropdown": False,
            "targetBlank": True, "includeVars": False, "keepTime": False}


def runbook(alert: str) -> dict:
    return link(f"Runbook: {alert}", f"${{runbooks_url}}/{alert}.md", "doc")


def page(path: str, title: str) -> dict:
    return link(title, f"${{exporter_url}}{path}")


def panel(kind: str, title: str, description: str, queries: list[dict], *, unit: str, none: str, width: int, height: int,
          links: list[dict], thresholds: dict, mappings: list[dict] | None = None, overrides: list[dict] | None = None,
          custom: dict | None = None, options: dict | None = None, decimals: int | None = None,
          minimum: float | None = None, maximum: float | None = None, colour: str = "thresholds",
          transformations: list[dict] | None = None) -> dict:
    defaults: dict = {
        "color": {"mode": colour},
        "custom": custom or {},
        "mappings": mappings or [],
        "noValue": none,
        "thresholds": thresholds,
        "unit": unit,
    }
    for key, value in (("decimals", decimals), ("min", minimum), ("max", maximum)):
        if value is not None:
            defaults[key] = value
    for index, target in enumerate(queries):
        target["refId"] = chr(ord("A") + index)
    result = {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": queries,
        "fieldConfig": {"defaults": defaults, "overrides": overrides or []},
        "options": options or {},
        "links": links,
        "gridPos": {"w": width, "h": height},
    }
    if transformations:
        result["transformations"] = transformations
    return result


def stat(title: str, description: str, expr: str, *, unit: str = "short", none: str = "not measured yet",
         legend: str = "{{integration}}", width: int = 4, height: int = 4, links: list[dict] | None = None,
         thresholds: dict = PLAIN, mappings: list[dict] | None = None, decimals: int | None = None,
         name: bool = True) -> dict:
    return panel(
        "stat", title, description, [query(expr, legend, instant=True)], unit=unit, none=none, width=width,
        height=height, links=links or [], thresholds=thresholds, mappings=mappings, decimals=decimals,
        options={
            "colorMode": "background_solid" if mappings or thresholds is not PLAIN else "value",
            "graphMode": "none",
            "justifyMode": "center",
            "orientation": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "textMode": "value_and_name" if name else "value",
            "wideLayout": True,
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
        })


def graph(title: str, description: str, queries: list[dict], *, unit: str = "short", none: str = "nothing in this time",
          width: int = 12, height: int = 8, links: list[dict] | None = None, thresholds: dict = PLAIN,
          overrides: list[dict] | None = None, stack: bool = False, bars: bool = False, decimals: int | None = None,
          minimum: float | None = 0, maximum: float | None = None, scale: dict | None = None,
          show_thresholds: bool = False, legend: str = "list") -> dict:
    custom = {
        "axisBorderShow": False,
        "axisCenteredZero": False,
        "axisLabel": "",
        "axisPlacement": "auto",
        "barAlignment": 0,
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 70 if bars or stack else 0,
        "gradientMode": "none",
        "lineInterpolation": "stepAfter",
        "lineWidth": 1 if bars or stack else 2,
        "pointSize": 4,
        "scaleDistribution": scale or {"type": "linear"},
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stack else "none"},
        "thresholdsStyle": {"mode": "dashed" if show_thresholds else "off"},
    }
    return panel(
        "timeseries", title, description, queries, unit=unit, none=none, width=width, height=height, links=links or [],
        thresholds=thresholds, overrides=overrides, custom=custom, decimals=decimals, minimum=minimum, maximum=maximum,
        colour="palette-classic-by-name",
        options={
            "legend": {"calcs": ["lastNotNull", "max"] if legend == "table" else [], "displayMode": legend,
                       "placement": "right" if legend == "table" else "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        })


def timeline(title: str, description: str, queries: list[dict], *, mappings: list[dict], none: str = "not measured yet",
             width: int = 12, height: int = 8, links: list[dict] | None = None) -> dict:
    return panel(
        "state-timeline", title, description, queries, unit="none", none=none, width=width, height=height,
        links=links or [], thresholds=PLAIN, mappings=mappings,
        custom={"fillOpacity": 80, "lineWidth": 0},
        options={
            "alignValue": "left",
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
            "mergeValues": True,
            "rowHeight": 0.8,
            "showValue": "auto",
            "tooltip": {"mode": "single", "sort": "none"},
        })


def table(title: str, description: str, expr: str, columns: dict[str, str], *, unit: str = "short",
          none: str = "nothing in this time", width: int = 12, height: int = 8, links: list[dict] | None = None,
          thresholds: dict = PLAIN, value: str | None = "Value", mappings: list[dict] | None = None,
          decimals: int | None = None) -> dict:
    """columns: label → heading, in their order; the value comes last, or not at all."""
    names = dict(columns)
    hidden = {"Time": True, "__name__": True, "job": True, "instance": True}
    if value:
        names["Value"] = value
    else:
        hidden["Value"] = True
    overrides = []
    if value and (mappings or thresholds is not PLAIN):
        overrides = [{"matcher": {"id": "byName", "options": value},
                      "properties": [{"id": "custom.cellOptions", "value": {"type": "color-background", "mode": "basic"}}]}]
    return panel(
        "table", title, description, [query(expr, table=True)], unit=unit, none=none, width=width, height=height,
        links=links or [], thresholds=thresholds, mappings=mappings, overrides=overrides, decimals=decimals,
        custom={"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False},
        options={"cellHeight": "sm", "showHeader": True,
                 "sortBy": [{"desc": True, "displayName": value}] if value else []},
        transformations=[{"id": "organize", "options": {
            "excludeByName": hidden,
            "includeByName": {},
            "indexByName": {name: index for index, name in enumerate([*columns, "Value"])},
            "renameByName": names,
        }}])


def alerts(title: str, description: str, *, width: int, height: int) -> dict:
    """Grafana's own list of the alerts that its data sources know, Prometheus's rules among them."""
    return {
        "type": "alertlist",
        "title": title,
        "description": description,
        "fieldConfig": {"defaults": {}, "overrides": []},
        "options": {
            "alertInstanceLabelFilter": '{alertname=~"OktaServiceNow.+"}',
            "alertName": "",
            "dashboardAlerts": False,
            "groupBy": [],
            "groupMode": "default",
            "maxItems": 50,
            "showInactiveAlerts": False,
            "sortOrder": 3,
            "stateFilter": {"error": True, "firing": True, "noData": False, "normal": False, "pending": True},
            "viewMode": "list",
        },
        "links": [],
        "gridPos": {"w": width, "h": height},
    }


def row(title: str) -> dict:
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def place(panels: list[dict]) -> list[dict]:
    """Sets them one beside the other on the grid of 24 columns, a row under the highest of the one above; numbers them."""
    x = y = high = 0
    for number, one in enumerate(panels, start=1):
        grid = one["gridPos"]
        if x + grid["w"] > 24:
            x, y, high = 0, y + high, 0
        grid["x"], grid["y"] = x, y
        x, high = x + grid["w"], max(high, grid["h"])
        one["id"] = number
    return panels


def variable(name: str, label: str, values: str) -> dict:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": values, "refId": f"variable-{name}"},
        "regex": "",
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
        "options": [],
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "skipUrlSync": False,
    }


def text_variable(name: str, label: str, value: str) -> dict:
    current = {"text": value, "value": value}
    return {"name": name, "label": label, "type": "textbox", "query": value, "current": current,
            "options": [{**current, "selected": True}], "hide": 0, "skipUrlSync": False}


def variables() -> list[dict]:
    info = "okta_servicenow_exporter_integration_info"
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "regex": "",
         "multi": False, "includeAll": False, "options": [], "refresh": 1, "hide": 0,
         "skipUrlSync": False},
        variable("job", "Job", "label_values(okta_servicenow_exporter_build_info, job)"),
        variable("instance", "Instance", 'label_values(okta_servicenow_exporter_build_info{job=~"$job"}, instance)'),
        variable("integration", "Integration", f"label_values({info}{{{TARGET}}}, integration)"),
        text_variable("exporter_url", "Exporter's address", "http://localhost:10717"),
        text_variable("runbooks_url", "Runbooks", RUNBOOKS),
    ]


def annotation(name: str, colour: str, expr: str, title: str, text: str, *, enable: bool = True) -> dict:
    return {"name": name, "datasource": DATASOURCE, "enable": enable, "hide": False, "iconColor": colour,
            "target": {"refId": "Anno", "expr": expr, "interval": "60s"}, "titleFormat": title, "textFormat": text,
            "useValueForTime": "false"}


def annotations() -> list[dict]:
    return [
        annotation("Alerts", VERMILION,
                   'ALERTS{alertstate="firing", alertname=~"OktaServiceNow.+", job=~"$job", integration=~"$integration|"}',
                   "{{alertname}}", "{{severity}} {{integration}}", enable=False),
        annotation("Reloads", GREY,
                   f"changes(okta_servicenow_exporter_config_last_reload_success_timestamp_seconds{{{TARGET}}}[2m]) > 0",
                   "Configuration loaded", "{{instance}}"),
        annotation("Access changes", ORANGE,
                   f"sum by (integration, kind) (increase(servicenow_access_changes_total{{{SELECT}}}[2m])) > 0",
                   "Access changed in ServiceNow: {{kind}}", "{{integration}}"),
        annotation("Mass drift", PURPLE,
                   f"max by (integration) (okta_external_id_mass_drift{{{SELECT}}}) == 1",
                   "Mass drift: a clone, migration or restore?", "{{integration}}"),
    ]


def dashboard(uid: str, title: str, description: str, panels: list[dict], *, since: str = "now-24h") -> dict:
    return {
        "id": None,
        "uid": f"{TAG}-{uid}",
        "title": f"Okta to ServiceNow / {title}",
        "description": description,
        "tags": [TAG],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "liveNow": False,
        "refresh": "1m",
        "time": {"from": since, "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "weekStart": "",
        "fiscalYearStartMonth": 0,
        "annotations": {"list": annotations()},
        "links": [
            {"type": "dashboards", "title": "Okta to ServiceNow", "tags": [TAG], "asDropdown": False, "icon": "dashboard",
             "includeVars": True, "keepTime": True, "targetBlank": False, "tooltip": "", "url": ""},
            page("/drift", "Drifted users"),
            page("/failures", "Failed tasks"),
            link("Runbooks", "${runbooks_url}/remedies.md", "doc"),
        ],
        "templating": {"list": variables()},
        "panels": place(panels),
    }
