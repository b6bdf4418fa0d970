# One image with Tocsin's three programs, static, for any user.
FROM golang:1.26-bookworm AS build
ARG VERSION=dev
ARG REVISION=unknown
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN stamp=github.com/prometheus/common/version; \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /out/bin/ \
      -ldflags "-s -w -X $stamp.Version=$VERSION -X $stamp.Revision=$REVISION" \
      ./cmd/tocsin ./cmd/tocsin_exporter ./cmd/tocsin_receiver \
 && mkdir -p /out/etc/tocsin/.tocsin /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# Rotas and office hours need time zones.
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/share/
ENV ZONEINFO=/usr/share/zoneinfo.zip
COPY --from=build /out/bin/ /usr/local/bin/
# nobody, as in the images of Prometheus and Alertmanager, so that they share
# the files of one state volume.
COPY --from=build --chown=65534:65534 /out/etc/ /etc/
COPY --from=build --chown=65534:65534 /out/tmp/ /tmp/
USER 65534:65534
WORKDIR /etc/tocsin
ENV PATH=/usr/local/bin
ENTRYPOINT ["tocsin"]
