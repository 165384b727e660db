# The service and nothing else: built by Rust's own image, run without shell, without root, on a read-only file system.
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock askama.toml ./
COPY src src
COPY migrations migrations
COPY tests/it/main.rs tests/it/main.rs
RUN cargo build --release --locked --bin entremise && mkdir -p /empty/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/entremise /usr/local/bin/entremise
# A volume mounted here starts with this owner.
COPY --from=build --chown=nonroot:nonroot /empty/data /var/lib/entremise
WORKDIR /var/lib/entremise
USER nonroot
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/entremise"]
CMD ["serve"]
