# glibc, not musl: the embedded ClickHouse (chDB) has no musl build. Without it (a server is used), the image is 540 MB
# smaller: --build-arg NPM_FLAGS=--omit=optional
FROM node:24-slim AS build
WORKDIR /app
ENV SCARF_ANALYTICS=false
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build
ARG NPM_FLAGS=
RUN npm prune --omit=dev $NPM_FLAGS

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY clickhouse clickhouse
COPY config config
COPY --from=build /app/dist dist
# Inside the container the port listens on all addresses; who reaches it is decided by --publish:
#   docker run --stop-timeout 20 -p 127.0.0.1:8787:8787 -v streamgauge:/data IMAGE run --channels LOGIN,LOGIN
RUN install -d /etc/streamgauge && install -d -o node -g node -m 0700 /data \
  && printf 'dataDir: /data\nhttp: { host: 0.0.0.0, isExposedWithoutToken: true }\n' > /etc/streamgauge/streamgauge.yaml
ENV STREAMGAUGE_CONFIG=/etc/streamgauge/streamgauge.yaml
USER node
VOLUME /data
EXPOSE 8787
STOPSIGNAL SIGTERM
# Liveness, not readiness: an outage of Twitch must not get the container replaced.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["run"]
