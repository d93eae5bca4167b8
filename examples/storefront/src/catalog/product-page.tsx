import { useQuery } from '@apollo/client/react';
import { readError } from '@signet/client';
import { Link, useParams } from 'react-router';
import { ProductDocument } from '../gql/graphql.ts';
import { formatMoney, texts } from '../texts/index.ts';
import { Problem, Skeleton, usePageTitle } from '../ui.tsx';
import { AddToBasket, StockLabel } from './add-to-basket.tsx';
import { ProductPicture } from './product-picture.tsx';

export function Component() {
  const { id = '' } = useParams();
  const { data, error, loading, refetch } = useQuery(ProductDocument, {
    variables: { id },
    returnPartialData: true,
  });
  const product = data?.product;
  usePageTitle(product?.name);
  if (error && !product) return <Problem error={readError(error)} onRetry={() => void refetch()} />;
  if (!loading && !product) {
    return (
      <div className="empty">
        <h1>{texts.product.gone}</h1>
        <Link to="/">{texts.browse.showAll}</Link>
      </div>
    );
  }
  const { name, category, price, stock, description, sku } = product ?? {};
  if (!product?.id || !name || !category?.name || !price?.currency) return <Skeleton lines={8} />;
  return (
    <article className="product-page">
      <ProductPicture category={category.slug ?? ''} name={name} />
      <div>
        <p>
          <Link to={`/?category=${category.slug}`}>{category.name}</Link>
        </p>
        <h1>{name}</h1>
        <p className="price">{formatMoney({ amount: price.amount ?? 0, currency: price.currency })}</p>
        <StockLabel
          stock={
            stock?.available === undefined
              ? undefined
              : { available: stock.available, inStock: stock.inStock === true }
          }
        />
        {description === undefined ? <Skeleton lines={2} /> : <p className="description">{description}</p>}
        {product.isArchived ? (
          <p>{texts.product.archived}</p>
        ) : (
          <AddToBasket
            product={{ id: product.id, name, stock: stock ? { inStock: stock.inStock !== false } : null }}
            kind="main"
          />
        )}
        {sku && <p className="quiet">{texts.product.sku(sku)}</p>}
      </div>
    </article>
  );
}
