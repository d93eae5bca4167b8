export { startCatalog } from './start-catalog.ts';
