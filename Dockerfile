# The image: the program, the libraries that it needs, and the authorities' certificates. No shell. Built from a clone:
#
#   docker build --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) --build-arg REVISION=$(git rev-parse HEAD) \
#     --tag okta-servicenow-exporter:0.1.0 .
#
# Its lists of packages are those of scripts/lib.sh; what is in it is listed in /usr/share/sbom (SPDX).
# BASE is a Debian 12, such as one pinned by digest or from a registry of yours; JOBS, how many compilers run at a time.
ARG BASE=debian:12
FROM ${BASE} AS build
WORKDIR /src
COPY . .
RUN scripts/setup --build
ARG SOURCE_DATE_EPOCH=0
ARG REVISION=unknown
ARG JOBS
RUN cmake --preset release -DBUILD_TESTING=OFF -DREVISION="$REVISION" \
    && cmake --build --preset release ${JOBS:+--parallel "$JOBS"} --target okta-servicenow-exporter \
    && scripts/image-root build/release/exporter/app/okta-servicenow-exporter 0.1.0 /image

FROM scratch
ARG REVISION=unknown
LABEL org.opencontainers.image.title="okta-servicenow-exporter" \
      org.opencontainers.image.description="Prometheus exporter for provisioning from Okta to ServiceNow" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /
# exporter in /etc/passwd; by number, so that Kubernetes can tell that it is not root.
USER 65532:65532
WORKDIR /var/lib/okta-servicenow-exporter
EXPOSE 10717
VOLUME /var/lib/okta-servicenow-exporter
ENTRYPOINT ["/usr/bin/okta-servicenow-exporter"]
CMD ["--config.file=/etc/okta-servicenow-exporter/config.yml", "--storage.path=/var/lib/okta-servicenow-exporter", "--web.probe-address=127.0.0.1:10718"]
# Without the default flags, give the health check an address, or switch it off. Kubernetes does not look at it.
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s CMD ["/usr/bin/okta-servicenow-exporter", "probe", "--web.probe-address=127.0.0.1:10718"]
