import { useQuery } from '@apollo/client/react';
import { readError } from '@signet/client';
import { Link, useSearchParams } from 'react-router';
import {
  CategoriesDocument,
  type ProductCardFragment,
  type ProductSort,
  ProductsDocument,
} from '../gql/graphql.ts';
import { formatMoney, texts } from '../texts/index.ts';
import { Button, Problem, usePageTitle } from '../ui.tsx';
import { AddToBasket, StockLabel } from './add-to-basket.tsx';
import { ProductPicture } from './product-picture.tsx';

const pageSize = 24;
const sorts = ['NAME', 'PRICE_ASC', 'PRICE_DESC', 'NEWEST'] as const satisfies ProductSort[];

/** All products, a category, or what a search finds: the address says which, so that it can be shared and gone back to. */
export function Component() {
  const [address, setAddress] = useSearchParams();
  const category = address.get('category') ?? undefined;
  const text = address.get('text')?.slice(0, 100) || undefined;
  const sort = sorts.find((name) => name === address.get('sort')) ?? 'NAME';
  const { data: shelves } = useQuery(CategoriesDocument);
  const { data, error, loading, refetch, fetchMore } = useQuery(ProductsDocument, {
    variables: { first: pageSize, sort, filter: { ...(category && { category }), ...(text && { text }) } },
    notifyOnNetworkStatusChange: true,
  });
  const shelf = shelves?.categories?.find(({ slug }) => slug === category);
  const title = text ? texts.browse.found(text) : (shelf?.name ?? texts.browse.all);
  usePageTitle(title);
  const products = data?.products;
  const link = (slug?: string) => {
    const next = new URLSearchParams(address);
    if (slug) next.set('category', slug);
    else next.delete('category');
    return `/?${next}`;
  };
  return (
    <>
      <nav className="shelves" aria-label={texts.browse.categories}>
        <Link to={link()} aria-current={category ? undefined : 'page'}>
          {texts.browse.everything}
        </Link>
        {shelves?.categories?.map(({ id, slug, name }) => (
          <Link key={id} to={link(slug)} aria-current={slug === category ? 'page' : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      <div className="title-row">
        <h1>{title}</h1>
        {products && (
          <p className="quiet" role="status">
            {texts.browse.count(products.totalCount, products.totalCountIsExact)}
          </p>
        )}
        <label className="sort">
          {texts.browse.sort}
          <select
            value={sort}
            onChange={({ currentTarget: { value } }) => {
              const next = new URLSearchParams(address);
              next.set('sort', value);
              setAddress(next, { preventScrollReset: true });
            }}
          >
            {sorts.map((name) => (
              <option key={name} value={name}>
                {texts.browse.sorts[name]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {error && !products && <Problem error={readError(error)} onRetry={() => void refetch()} />}
      {products?.edges.length === 0 && (
        <div className="empty">
          <p>{texts.browse.nothing}</p>
          <Link to="/">{texts.browse.showAll}</Link>
        </div>
      )}
      <ul className="products" aria-busy={loading}>
        {products?.edges.map(({ node }) => (
          <ProductCard key={node.id} product={node} />
        ))}
        {loading &&
          !error &&
          Array.from({ length: 8 }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: they are alike.
            <li key={index} className="product placeholder" aria-hidden="true" />
          ))}
      </ul>
      {error && products && (
        <Problem
          error={readError(error)}
          onRetry={() => void fetchMore({ variables: { after: products.pageInfo.endCursor ?? null } })}
        />
      )}
      {products?.pageInfo.hasNextPage && (
        <p className="more">
          <Button
            disabled={loading}
            onClick={() =>
              void fetchMore({ variables: { after: products.pageInfo.endCursor ?? null } }).catch(
                () => undefined,
              )
            }
          >
            {texts.browse.more}
          </Button>
        </p>
      )}
    </>
  );
}

function ProductCard({ product }: { product: ProductCardFragment }) {
  return (
    <li className="product">
      <Link to={`/products/${product.id}`} className="product-link">
        <ProductPicture category={product.category.slug} name={product.name} />
        <h2>{product.name}</h2>
      </Link>
      <p className="quiet">{product.category.name}</p>
      <StockLabel stock={product.stock} />
      <div className="buy">
        <strong>{formatMoney(product.price)}</strong>
        <AddToBasket product={product} />
      </div>
    </li>
  );
}
