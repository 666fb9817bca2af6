# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# TLS to brokers is built in: OpenSSL comes from source, for which this image has perl and make.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked -p orgloop --features kafka-tls \
    && install -D target/release/orgloop /out/orgloop

FROM debian:bookworm-slim
RUN useradd --system --user-group --home-dir /var/lib/orgloop --create-home orgloop
# Trusted authorities, for brokers and indexes behind TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/orgloop /usr/local/bin/orgloop
USER orgloop
WORKDIR /var/lib/orgloop
# It listens to everyone, so it asks for credentials, and starts once there are some: `docker run IMAGE token create …` on
# the same volume, or ORGLOOP_ACCESS__MODE=closed and a token later (docs/access.md).
ENV ORGLOOP_DATA_DIR=/var/lib/orgloop \
    ORGLOOP_LISTEN=0.0.0.0:8080
VOLUME /var/lib/orgloop
EXPOSE 8080
# The shell asks by itself: the image stays without an HTTP client.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r answer <&3 && [[ $answer == *' 200 '* ]]"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["orgloop"]
