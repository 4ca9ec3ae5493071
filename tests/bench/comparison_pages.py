#!/usr/bin/env python3
"""Saves the pages of both listings as files, with what nginx needs to serve them as the vendors would.

comparison_pages.py SIMULATOR_JSON APP_ID DIRECTORY OKTA_ORIGIN SERVICENOW_ORIGIN

Asks the simulator as the exporter does, page by page, and writes below DIRECTORY: okta/<cursor>.json,
servicenow/<last sys_id>.json ("first" for the first of each, "count" for the table's size), next.map and total.map (what nginx puts into Link and
X-Total-Count), and urls, a configuration of curl that downloads the same pages from the two origins.
"""

import base64
import http.client
import json
import pathlib
import re
import ssl
import sys
import urllib.parse

OKTA_PAGE = 500
SERVICENOW_PAGE = 1000
FIELDS = "sys_id,user_name,email,active,locked_out,sys_updated_on"


class Vendor:
    """The simulator's side, asked under the name of the server that will serve the pages."""

    def __init__(self, origin, served_by, authorization):
        context = ssl._create_unverified_context()
        self.connection = http.client.HTTPSConnection(urllib.parse.urlsplit(origin).netloc, context=context)
        self.headers = {
            "Host": urllib.parse.urlsplit(served_by).netloc,
            "Authorization": authorization,
            "Accept": "application/json",
        }

    def get(self, target):
        self.connection.request("GET", target, headers=self.headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{target} answered {response.status}: {body[:200]!r}")
        return response, body


def save_okta(origin, app, directory, served_by, urls):
    authorization = "SSWS sim-okta-token"
    vendor = Vendor(origin, served_by, authorization)
    name, target = "first", f"/api/v1/apps/{app}/users?limit={OKTA_PAGE}"
    with (directory / "next.map").open("w") as links:
        while True:
            response, body = vendor.get(target)
            (directory / "okta" / f"{name}.json").write_bytes(body)
            urls.append((served_by + target, authorization))
            link = re.search(r'<([^>]*)>; rel="next"', ", ".join(response.headers.get_all("Link", [])))
            if not link:
                return
            links.write(f"{name} '{link[0]}';\n")
            target = link[1].removeprefix(served_by)
            name = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)["after"][0]


def save_servicenow(origin, directory, served_by, urls):
    authorization = "Basic " + base64.b64encode(b"prom_reader:sim-reader-password").decode()
    vendor = Vendor(origin, served_by, authorization)
    name, last = "first", None
    with (directory / "total.map").open("w") as totals:

        def save(name, query, limit):
            target = (
                "/api/now/v2/table/sys_user?sysparm_display_value=false&sysparm_exclude_reference_link=true"
                f"&sysparm_query={urllib.parse.quote(query, safe='')}"
                f"&sysparm_fields={urllib.parse.quote(FIELDS, safe='')}&sysparm_limit={limit}"
            )
            response, body = vendor.get(target)
            total = int(response.headers["X-Total-Count"])
            (directory / "servicenow" / f"{name}.json").write_bytes(body)
            totals.write(f"{name} {total};\n")
            return target, json.loads(body)["result"], total

        save("count", "", 1)  # asked once, to know how many pages a sweep needs
        while True:
            query = (f"sys_id>{last}^" if last else "") + "ORDERBYsys_id"
            target, rows, total = save(name, query, SERVICENOW_PAGE)
            urls.append((served_by + target, authorization))
            if len(rows) == total:
                return
            name = last = rows[-1]["sys_id"]


def main():
    simulator = json.loads(sys.argv[1])
    app, directory, okta, servicenow = sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4], sys.argv[5]
    for vendor in ("okta", "servicenow"):
        (directory / vendor).mkdir()
    urls = []
    save_okta(simulator["okta"], app, directory, okta, urls)
    save_servicenow(simulator["servicenow"], directory, servicenow, urls)
    with (directory / "urls").open("w") as file:
        for i, (url, authorization) in enumerate(urls):
            file.write("next\n" if i else "")
            file.write(f'url = "{url}"\noutput = "/dev/null"\nsilent\nfail\n')
            file.write(f'cacert = "{directory}/certificate.pem"\nheader = "Authorization: {authorization}"\n')
            file.write('header = "Accept: application/json"\n')
    size = sum(file.stat().st_size for vendor in ("okta", "servicenow") for file in (directory / vendor).iterdir())
    print(len(urls), size)


main()
