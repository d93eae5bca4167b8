import { nameOfStaffRole, type StaffRole, staffRoles } from '@signet/schema/contract';

export type CustomerPlan = {
  email: string;
  fullName: string;
  isActive?: boolean;
  /** There from the start, and in everything that the seeds make. */
  isFirst?: boolean;
};

export type StaffPlan = { email: string; fullName: string; role: StaffRole; isActive?: boolean };

/** What the seed makes of a tenant for the platform. */
export type TenantPlan = {
  slug: string;
  name: string;
  selfRegistration: boolean;
  customers: readonly CustomerPlan[];
  staff: readonly StaffPlan[];
  /** How many notes staff wrote about customers. */
  notes: number;
};

/** Invented. Customers of the demo tenant beside Ada; their addresses are first.last@example.com. */
const customerNames = [
  'Mira Solberg',
  'Jonas Pahl',
  'Amina Odari',
  'Leon Vasko',
  'Carla Bentes',
  'Tariq Olsun',
  'Freya Lindmark',
  'Hugo Marchal',
  'Nadia Kovin',
  'Oskar Brandel',
  'Ines Calado',
  'Felix Torvin',
  'Yuna Hasemi',
  'Marek Dolny',
  'Selma Agren',
  'Paulo Reisen',
  'Greta Nordahl',
  'Samir Belkan',
  'Lotte Vermaas',
  'Ivo Petrak',
  'Hanna Ruokola',
  'Diego Almarez',
  'Zofia Wilkan',
  'Emil Stavros',
  'Noor Harandi',
  'Bastian Krohl',
  'Elif Demiral',
  'Anton Velde',
  'Rosa Quintela',
  'Nils Ekborg',
  'Priya Sundar',
  'Theo Lammert',
  'Vera Molnari',
  'Kofi Asante-Boye',
  'Linnea Holm',
  'Rafael Tormes',
  'Maja Zelenko',
  'Ciaran Dunmore',
  'Aiko Tanemori',
  'Luca Ferrante',
  'Signe Aasland',
  'Omar Fadil',
  'Klara Wendisch',
  'Mateo Rovira',
  'Tove Grankvist',
  'Adrian Popan',
  'Yara Nasri',
  'Bruno Castel',
  'Ella Whitcombe',
];

const demoStaff: readonly StaffPlan[] = [
  { email: 'support@example.com', fullName: 'Sam Support', role: 'support' },
  { email: 'operations@example.com', fullName: 'Olga Operations', role: 'operations' },
  { email: 'admin@example.com', fullName: 'Alex Admin', role: 'super_admin' },
  { email: 'maren.holt@example.com', fullName: 'Maren Holt', role: 'support' },
  // Left the company: for trying what an inactive account may do.
  { email: 'tomas.quill@example.com', fullName: 'Tomas Quill', role: 'operations', isActive: false },
];

/** A role that an installation has added to schema/contract has a member too. */
const addedStaff = staffRoles
  .filter((role) => !demoStaff.some((member) => member.role === role))
  .map(
    (role): StaffPlan => ({
      email: `${role.replaceAll('_', '-')}@example.com`,
      fullName: `Robin ${nameOfStaffRole(role, 'en')}`,
      role,
    }),
  );

/** The tenant that a developer meets first. Ada is the customer of README and trials. */
const demo: TenantPlan = {
  slug: 'demo',
  name: 'Demo Store',
  selfRegistration: true,
  customers: [
    { email: 'ada@example.com', fullName: 'Ada Example', isFirst: true },
    ...customerNames.map(toCustomer),
  ],
  staff: [...demoStaff, ...addedStaff],
  notes: 60,
};

/** A second tenant, small and closed, to see that tenants are apart. Ada has another account here. */
const globex: TenantPlan = {
  slug: 'globex',
  name: 'Globex Supply',
  selfRegistration: false,
  customers: [
    { email: 'ada@example.com', fullName: 'Ada Example', isFirst: true },
    { email: 'grete.halvik@example.com', fullName: 'Grete Halvik', isFirst: true },
    { email: 'ruben.tarnow@example.com', fullName: 'Ruben Tarnow', isFirst: true },
  ],
  staff: [
    { email: 'admin@example.com', fullName: 'Gil Admin', role: 'super_admin' },
    { email: 'support@example.com', fullName: 'Suri Support', role: 'support' },
  ],
  notes: 3,
};

export const tenantPlans: readonly TenantPlan[] = [demo, globex];

/** The accounts to show to a developer, where the seed made them. */
export const shownCustomers = [
  { tenant: demo.slug, email: 'ada@example.com' },
  { tenant: globex.slug, email: 'grete.halvik@example.com' },
];
export const shownStaff = staffRoles.map((role) => ({
  tenant: demo.slug,
  email: demo.staff.find((member) => member.role === role)?.email ?? '',
}));

export const noteTexts = [
  'Asked whether the next parcel can be sent as a gift. Confirmed: no invoice inside.',
  'The parcel was left with a neighbour. Customer has it now.',
  'Reported a scratch. Offered 15 % or a replacement, waits for the answer.',
  'Wanted delivery by Friday. Explained that two days are usual, not promised.',
  'Address changed from now on; what is under way keeps the old address.',
  'Missed an invoice. Sent again as PDF.',
  'Called twice about a delivery. Carrier confirmed that it is on its way.',
  'Very happy with the service. Asked for news by e-mail.',
  'Cannot find a spare part. Passed on to operations.',
  'Forgot the password. Explained how to set a new one.',
  'Guarantee question: answered, three years from delivery.',
  'Sent something back within 14 days. Refund is with accounting.',
  'Compared prices with a shop elsewhere. No price match, explained why.',
  'Signed in on a new device. Confirmed that it was the customer.',
  'Prefers e-mail to telephone.',
  'Would like a bulk price for twenty. Operations will make an offer.',
];

function toCustomer(fullName: string): CustomerPlan {
  const email = `${fullName.toLowerCase().replaceAll(' ', '.')}@example.com`;
  return fullName === 'Bruno Castel' ? { email, fullName, isActive: false } : { email, fullName };
}
