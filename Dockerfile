# syntax=docker/dockerfile:1
# One image per process:
#   docker build --target gateway .
#   docker build --target subgraph --build-arg SUBGRAPH=portal .
#   docker build --target migrate .

# What every image stands on. A release records the digest that this tag had (provenance); to decide it yourself, write it here:
# FROM node:24-slim@sha256:… AS base (docs/supply.md).
FROM node:24-slim AS base

# The package.json files alone: what is installed from them stays cached until one of them changes.
FROM base AS manifests
WORKDIR /repository
COPY . .
RUN mkdir /manifests && cp --parents package.json package-lock.json .npmrc $(find . -name package.json -not -path '*/node_modules/*') /manifests

# Node is in the image and PostgreSQL in another: neither the `node` package (a dev dependency) nor the embedded server
# (an optional one) comes along. No production dependency needs an install script.
FROM base AS gateway-packages
WORKDIR /app
COPY --from=manifests /manifests ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --workspace=gateway && npm cache clean --force

# For all subgraphs, without what only the gateway needs, such as the query planner.
FROM base AS subgraph-packages
WORKDIR /app
COPY --from=manifests /manifests ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --workspace=cli $(printf -- '--workspace=%s ' subgraphs/*/) \
  && npm cache clean --force

FROM base AS process
# The heap stays below the memory limit in docker-compose.yml, which has room for threads and for bytes outside the heap.
ENV NODE_ENV=production HOST=0.0.0.0 NODE_OPTIONS=--max-old-space-size=256
WORKDIR /app
# Files are root's and read-only to the process; compose may choose another user id.
USER node
# A gateway has a port for each entrance; its first one answers for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env[(process.env.ENTRANCES ?? '').split(',')[0].toUpperCase() + '_PORT'] ?? process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# The files of the console and the explorer; what builds them stays behind.
FROM node:24-slim AS pages
WORKDIR /app
COPY --from=manifests /manifests ./
RUN npm ci --ignore-scripts --workspace=console --workspace=explorer && npm cache clean --force
COPY libs/client libs/client
COPY gateway/src/pages/client gateway/src/pages/client
COPY console console
COPY explorer explorer
COPY subgraphs subgraphs
RUN node console/build.ts && node explorer/build.ts

FROM process AS gateway
COPY --from=gateway-packages /app ./
COPY schema schema
COPY libs libs
COPY gateway gateway
COPY --from=pages /app/console/dist console/dist
COPY --from=pages /app/explorer/dist explorer/dist
ENV GRAPH_PORT=4000 USER_PORT=4001 PORTAL_PORT=4002 NODE_OPTIONS=--max-old-space-size=384
EXPOSE 4000 4001 4002
CMD ["node", "gateway/main.mjs"]

# One subgraph's code, beside the packages of all. The port is the one of the registry: compose gives it as PORT.
FROM process AS subgraph
ARG SUBGRAPH
ENV SUBGRAPH=$SUBGRAPH
COPY --from=subgraph-packages /app ./
COPY schema schema
COPY libs libs
COPY db db
COPY cli cli
COPY subgraphs/main.ts subgraphs/
COPY subgraphs/$SUBGRAPH subgraphs/$SUBGRAPH
CMD ["node", "subgraphs/main.ts"]

# Every subgraph has migrations.
FROM process AS migrate
COPY --from=subgraph-packages /app ./
COPY schema schema
COPY libs libs
COPY db db
COPY cli cli
COPY subgraphs subgraphs
COPY deploy/prepare-database.ts deploy/
HEALTHCHECK NONE
CMD ["node", "deploy/prepare-database.ts"]
