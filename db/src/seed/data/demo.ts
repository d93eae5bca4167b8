import type { CustomerPlan, TenantPlan } from '../tenant-plan.ts';
import { homeCategories } from './categories-home.ts';
import { leisureCategories } from './categories-leisure.ts';
import { workCategories } from './categories-work.ts';
import { customerNames } from './customers.ts';

/** The customer of README and trials: something to cancel, something under way, a past. */
const ada: CustomerPlan = {
  email: 'ada@example.com',
  fullName: 'Ada Example',
  orders: ['placed', 'placed', 'shipped', 'shipped', 'cancelled', 'shipped', 'shipped', 'shipped', 'shipped'],
};

/** The tenant that a developer meets first. */
export const demo: TenantPlan = {
  slug: 'demo',
  name: 'Demo Store',
  selfRegistration: true,
  categories: [...homeCategories, ...workCategories, ...leisureCategories],
  makers: ['Alderby', 'Brennick', 'Corvane', 'Dunmarsh', 'Elmvik', 'Farrowen', 'Gildmoor', 'Hestrand'],
  productsPerCategory: 25,
  customers: [ada, ...customerNames.map(toCustomer)],
  staff: [
    { email: 'support@example.com', fullName: 'Sam Support', role: 'support' },
    { email: 'operations@example.com', fullName: 'Olga Operations', role: 'operations' },
    { email: 'admin@example.com', fullName: 'Alex Admin', role: 'super_admin' },
    { email: 'maren.holt@example.com', fullName: 'Maren Holt', role: 'support' },
    // Left the company: for trying what an inactive account may do.
    { email: 'tomas.quill@example.com', fullName: 'Tomas Quill', role: 'operations', isActive: false },
  ],
  notes: 60,
};

function toCustomer(fullName: string): CustomerPlan {
  const email = `${fullName.toLowerCase().replaceAll(' ', '.')}@example.com`;
  return fullName === 'Bruno Castel' ? { email, fullName, isActive: false } : { email, fullName };
}
