import { useEffect, useState } from 'react';
import { addToBasket, useBasket } from '../basket.ts';
import { texts } from '../texts/index.ts';
import { Button } from '../ui.tsx';

type Product = { id: string; name: string; stock?: { inStock: boolean } | null };

export function AddToBasket({ product, kind }: { product: Product; kind?: 'main' }) {
  const { items } = useBasket();
  const [isAdded, setAdded] = useState(false);
  const quantity = items.find(({ productId }) => productId === product.id)?.quantity;
  useEffect(() => {
    if (!isAdded) return;
    const timer = setTimeout(() => setAdded(false), 2000);
    return () => clearTimeout(timer);
  }, [isAdded]);
  return (
    <>
      <Button
        kind={kind ?? 'plain'}
        disabled={product.stock?.inStock === false}
        onClick={() => {
          addToBasket(product.id);
          setAdded(true);
        }}
      >
        {isAdded ? texts.product.added : quantity ? texts.product.inBasket(quantity) : texts.product.add}
        <span className="hidden"> {product.name}</span>
      </Button>
      <span className="hidden" role="status">
        {isAdded && texts.product.added}
      </span>
    </>
  );
}

export function StockLabel({ stock }: { stock: { available: number; inStock: boolean } | null | undefined }) {
  // Where the stock cannot be asked for now, the order says whether there is enough.
  if (!stock) return null;
  if (!stock.inStock) return <p className="stock none">{texts.product.soldOut}</p>;
  return (
    <p className={stock.available < 6 ? 'stock few' : 'stock'}>
      {stock.available < 6 ? texts.product.few(stock.available) : texts.product.inStock}
    </p>
  );
}
