export type User = { id: string; name: string; username: string };
export type Product = { upc: string; name: string; price: number; weight: number };
export type Review = { id: string; body: string; authorId: string; upc: string };

export const users: readonly User[] = [
  ['Ines Albers', 'ines'],
  ['Marek Dvorak', 'marek'],
  ['Thandi Nkosi', 'thandi'],
  ['Yuto Sakai', 'yuto'],
  ['Rosa Quintero', 'rosa'],
  ['Noor Haddad', 'noor'],
].map(([name = '', username = ''], index) => ({ id: String(index + 1), name, username }));

export const products: readonly Product[] = [
  ['Oak table', 89900, 42],
  ['Reading chair', 49900, 18],
  ['Desk lamp', 6900, 2],
  ['Bookshelf', 24900, 31],
  ['Wool rug', 17900, 9],
  ['Coat rack', 5900, 4],
  ['Garden bench', 29900, 26],
  ['Tea kettle', 4500, 1],
  ['Wall clock', 3900, 1],
].map(([name, price, weight], index) => ({
  upc: String(index + 1),
  name: String(name),
  price: Number(price),
  weight: Number(weight),
}));

const texts = [
  'Sturdy, and the finish has held up well.',
  'Arrived a week late, but worth the wait.',
  'Smaller than it looks in the pictures.',
  'We bought a second one for the office.',
];

/** Two of most users and products. */
export const reviews: readonly Review[] = Array.from({ length: 11 }, (_, index) => ({
  id: String(index + 1),
  body: texts[index % texts.length] ?? '',
  authorId: String((index % users.length) + 1),
  upc: String((index % 5) + 1),
}));
