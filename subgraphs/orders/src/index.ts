export { startOrders } from './start-orders.ts';
