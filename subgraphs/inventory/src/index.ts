export { startInventory } from './start-inventory.ts';
