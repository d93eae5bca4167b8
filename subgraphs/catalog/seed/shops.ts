import { homeCategories } from './categories-home.ts';
import { leisureCategories } from './categories-leisure.ts';
import { workCategories } from './categories-work.ts';

/** A kind of thing on sale: its name, its price in cents from–to, and what one says of it. */
export type Thing = readonly [name: string, fromCents: number, toCents: number, sentence: string];

export type CategoryPlan = {
  slug: string;
  name: string;
  skuPrefix: string;
  things: readonly Thing[];
  /** Second sentence of a description. */
  closings: readonly string[];
};

export type ShopPlan = {
  categories: readonly CategoryPlan[];
  /** Makers whose names stand before a thing's. */
  makers: readonly string[];
  productsPerCategory: number;
};

/** What is on sale, by the tenant's slug. */
export const shops: Readonly<Record<string, ShopPlan>> = {
  demo: {
    categories: [...homeCategories, ...workCategories, ...leisureCategories],
    makers: ['Alderby', 'Brennick', 'Corvane', 'Dunmarsh', 'Elmvik', 'Farrowen', 'Gildmoor', 'Hestrand'],
    productsPerCategory: 25,
  },
  globex: {
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
        closings: [
          'Delivered on account to registered companies.',
          'Spare parts are kept for fifteen years.',
        ],
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
  },
};
