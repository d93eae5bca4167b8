/** Line drawings on a canvas of 24 by 24, one for each category of the demo shop. */
const drawings: Record<string, string | undefined> = {
  kitchen: 'M4 11h13v3a5 5 0 0 1-5 5H9a5 5 0 0 1-5-5zM17 12h4M8 8V5M12 8V5',
  lighting: 'M9 4h6l3 8H6zM12 12v6M8 20h8M15 12v2.5',
  'bedding-and-bath': 'M3 18v-5h18v5M3 13V6M6 13v-2a2 2 0 0 1 2-2h4v4M21 18v2M3 18v2',
  storage: 'M4 5h16v5H4zM4 10h16v9H4zM10 7.5h4M10 13h4',
  garden: 'M12 20v-9M12 11c0-4 3-6 7-6 0 4-3 6-7 6zM12 14c0-3-2.5-5-6-5 0 3.5 2.5 5 6 5z',
  outdoor: 'M3 19 12 5l9 14zM12 5v14M9 19l3-5 3 5',
  cycling:
    'M6 19a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM18 19a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM6 15l4-7h5l3 7M9 8h2M10 8l3.5 7',
  fitness: 'M3 10v4M6 7v10M6 12h12M18 7v10M21 10v4',
  stationery: 'M4 20l1-5L16 4l4 4L9 19zM14 6l4 4',
  audio: 'M4 14v-2a8 8 0 0 1 16 0v2M4 14h3v6H5a1 1 0 0 1-1-1zM20 14h-3v6h2a1 1 0 0 0 1-1z',
  'computer-accessories': 'M3 9h18v8H3zM6 12h.01M9 12h.01M12 12h.01M15 12h.01M18 12h.01M8 14.5h8',
  'books-and-games': 'M4 5h6a2 2 0 0 1 2 2v13a2 2 0 0 0-2-2H4zM20 5h-6a2 2 0 0 0-2 2v13a2 2 0 0 1 2-2h6z',
};
const parcel = 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8';

/** The shop has no photographs: each product gets a drawing of its category, on a ground of its own. */
export function ProductPicture({ category, name }: { category: string; name: string }) {
  const seed = [...name].reduce((sum, char) => (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0, 7);
  const hue = [...category].reduce((sum, char) => (sum * 17 + (char.codePointAt(0) ?? 0)) % 360, 40);
  const colour = (lightness: number, more = 0) => `hsl(${(hue + more) % 360} 38% ${lightness}%)`;
  const x = 12 + (seed % 40);
  const y = 8 + ((seed >>> 5) % 34);
  const radius = 20 + ((seed >>> 9) % 16);
  return (
    <svg className="picture" viewBox="0 0 96 72" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <rect width="96" height="72" fill={colour(90)} />
      <circle cx={x} cy={y} r={radius} fill={colour(83, 18)} />
      <circle cx={96 - x} cy={80 - y / 2} r={radius * 0.8} fill={colour(86, 340)} />
      <g transform="translate(26 14) scale(1.85)" fill="none" stroke={colour(27)} strokeWidth="1.1">
        <path strokeLinecap="round" strokeLinejoin="round" d={drawings[category] ?? parcel} />
      </g>
    </svg>
  );
}
