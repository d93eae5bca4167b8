# syntax=docker/dockerfile:1
# One image per process: docker build --target gateway .   (auth, portal, catalog, inventory, orders, gateway, migrate)

FROM node:24-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY schema/package.json schema/
COPY db/package.json db/
COPY libs/access/package.json libs/access/
COPY libs/proof/package.json libs/proof/
COPY libs/service/package.json libs/service/
COPY libs/session/package.json libs/session/
COPY libs/subgraph/package.json libs/subgraph/
COPY libs/testing/package.json libs/testing/
COPY subgraphs/auth/package.json subgraphs/auth/
COPY subgraphs/portal/package.json subgraphs/portal/
COPY subgraphs/catalog/package.json subgraphs/catalog/
COPY subgraphs/inventory/package.json subgraphs/inventory/
COPY subgraphs/orders/package.json subgraphs/orders/
COPY gateway/package.json gateway/
COPY launcher/package.json launcher/

# Node is in the image and PostgreSQL in another: neither the `node` package (a dev dependency) nor the embedded server
# (optional ones) comes along. No production dependency needs an install script.
FROM manifests AS gateway-packages
RUN npm ci --omit=dev --omit=optional --ignore-scripts --workspace=gateway && npm cache clean --force

# Without what only the gateway needs: the explorer's files and the query planner.
FROM manifests AS subgraph-packages
RUN npm ci --omit=dev --omit=optional --ignore-scripts --workspace=subgraphs/auth --workspace=subgraphs/portal \
  --workspace=subgraphs/catalog --workspace=subgraphs/inventory --workspace=subgraphs/orders \
  && npm cache clean --force

FROM node:24-slim AS process
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
# Files are root's and read-only to the process; compose may choose another user id.
USER node
# A gateway has a port for each entrance; its first one answers for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env[(process.env.ENTRANCES ?? '').split(',')[0].toUpperCase() + '_PORT'] ?? process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

FROM process AS gateway
COPY --from=gateway-packages /app ./
COPY schema schema
COPY libs libs
COPY gateway gateway
ENV GRAPH_PORT=4000 USER_PORT=4001 PORTAL_PORT=4002
EXPOSE 4000 4001 4002
CMD ["node", "gateway/main.ts"]

FROM process AS subgraph
COPY --from=subgraph-packages /app ./
COPY schema schema
COPY libs libs
COPY db db

FROM subgraph AS auth
COPY subgraphs/auth subgraphs/auth
ENV PORT=4011
EXPOSE 4011
CMD ["node", "subgraphs/auth/main.ts"]

FROM subgraph AS portal
COPY subgraphs/portal subgraphs/portal
ENV PORT=4012
EXPOSE 4012
CMD ["node", "subgraphs/portal/main.ts"]

FROM subgraph AS catalog
COPY subgraphs/catalog subgraphs/catalog
ENV PORT=4013
EXPOSE 4013
CMD ["node", "subgraphs/catalog/main.ts"]

FROM subgraph AS inventory
COPY subgraphs/inventory subgraphs/inventory
ENV PORT=4014
EXPOSE 4014
CMD ["node", "subgraphs/inventory/main.ts"]

FROM subgraph AS orders
COPY subgraphs/orders subgraphs/orders
ENV PORT=4015
EXPOSE 4015
CMD ["node", "subgraphs/orders/main.ts"]

FROM subgraph AS migrate
COPY deploy/prepare-database.ts deploy/
HEALTHCHECK NONE
CMD ["node", "deploy/prepare-database.ts"]
