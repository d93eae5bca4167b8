import type { TenantPlan } from '../tenant-plan.ts';

/** A second tenant, small and closed: what one looks at to see that tenants are apart. Ada has another account here. */
export const globex: TenantPlan = {
  slug: 'globex',
  name: 'Globex Supply',
  selfRegistration: false,
  categories: [
    {
      slug: 'workshop',
      name: 'Workshop',
      skuPrefix: 'WSH',
      things: [
        ['Torque Wrench', 6900, 14900, 'From 20 to 200 Nm, with a certificate of calibration.'],
        ['Bench Vice', 8900, 19900, 'Jaws of 125 mm on a base that swivels.'],
        ['Socket Set', 4900, 12900, 'Forty-six pieces in a case that shows which one is missing.'],
        ['Work Light', 3900, 9900, 'Three thousand lumens on a magnetic foot.'],
        ['Cordless Drill', 8900, 22900, 'Two batteries of 18 volts and a chuck of 13 mm.'],
      ],
      closings: ['Delivered on account to registered companies.', 'Spare parts are kept for fifteen years.'],
    },
    {
      slug: 'safety',
      name: 'Safety',
      skuPrefix: 'SAF',
      things: [
        ['Safety Helmet', 1900, 4900, 'ABS shell with a ratchet and a chin strap.'],
        ['Ear Defenders', 1600, 3900, 'Lowers noise by 31 dB and leaves speech alone.'],
        ['Protective Goggles', 990, 2900, 'Clear, vented, and wide enough for spectacles below.'],
        ['Cut-Resistant Gloves', 1200, 2900, 'Level D, thin enough to feel a screw.'],
        ['First-Aid Cabinet', 5900, 11900, 'Filled for workplaces of up to fifty people.'],
      ],
      closings: ['Certified, with the papers in the box.', 'Sold singly and by the dozen.'],
    },
  ],
  makers: ['Ironvale', 'Kestrup'],
  productsPerCategory: 5,
  customers: [
    { email: 'ada@example.com', fullName: 'Ada Example', orders: ['placed', 'shipped'] },
    {
      email: 'grete.halvik@example.com',
      fullName: 'Grete Halvik',
      orders: ['placed', 'shipped', 'shipped', 'cancelled'],
    },
    { email: 'ruben.tarnow@example.com', fullName: 'Ruben Tarnow', orders: ['shipped'] },
  ],
  staff: [
    { email: 'admin@example.com', fullName: 'Gil Admin', role: 'super_admin' },
    { email: 'support@example.com', fullName: 'Suri Support', role: 'support' },
  ],
  notes: 3,
};
