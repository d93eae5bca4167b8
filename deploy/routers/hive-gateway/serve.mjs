// Serves gateway.config.mjs without the command-line package of Hive Gateway, which brings 500 MB. For tests.
import { createServer } from 'node:http';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { gatewayConfig } from './gateway.config.mjs';

createServer(createGatewayRuntime({ ...gatewayConfig, logging: 'warn' })).listen(
  Number(process.env.PORT),
  '127.0.0.1',
);
