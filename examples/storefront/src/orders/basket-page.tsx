import { useApolloClient, useMutation } from '@apollo/client/react';
import { readError, type SignetError } from '@signet/client';
import { useSession } from '@signet/client/react';
import { useEffect, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { VerifyHint } from '../account/verify-hint.tsx';
import { type Basket, emptyBasket, maxQuantity, setQuantity, useBasket } from '../basket.ts';
import { ProductPicture } from '../catalog/product-picture.tsx';
import { toOutcome, useAttempt } from '../errors.ts';
import { MyOrdersDocument, PlaceOrderDocument, ProductDocument, type ProductQuery } from '../gql/graphql.ts';
import { formatMoney, texts } from '../texts/index.ts';
import { Button, Problem, Refusal, Skeleton, usePageTitle } from '../ui.tsx';

type Product = NonNullable<ProductQuery['product']>;

export function Component() {
  usePageTitle(texts.basket.title);
  const basket = useBasket();
  const { products, error, retry } = useProducts(basket.items.map(({ productId }) => productId));
  return (
    <>
      <h1>{texts.basket.title}</h1>
      {basket.items.length === 0 ? (
        <div className="empty">
          <p>{texts.basket.empty}</p>
          <Link to="/">{texts.browse.showAll}</Link>
        </div>
      ) : error ? (
        <Problem error={error} onRetry={retry} />
      ) : products ? (
        <BasketOf basket={basket} products={products} onPricesChanged={retry} />
      ) : (
        <Skeleton lines={4} />
      )}
    </>
  );
}

/** The products of the basket as they are now: the prices are those that are shown, and ordered. Undefined until all are there. */
function useProducts(ids: readonly string[]) {
  const apollo = useApolloClient();
  const [found, setFound] = useState<ReadonlyMap<string, Product | null>>(new Map());
  const [error, setError] = useState<SignetError>();
  const [round, setRound] = useState(0);
  const wanted = ids.join(' ');
  useEffect(() => {
    let isCurrent = true;
    setError(undefined);
    const ask = async (id: string) => {
      const { data } = await apollo.query({
        query: ProductDocument,
        variables: { id },
        fetchPolicy: 'network-only',
      });
      return [id, data?.product ?? null] as const;
    };
    Promise.all(wanted.split(' ').filter(Boolean).map(ask)).then(
      (all) => isCurrent && setFound(new Map(all)),
      (thrown: unknown) => isCurrent && setError(readError(thrown)),
    );
    const again = () => setRound(round + 1);
    window.addEventListener('online', again);
    return () => {
      isCurrent = false;
      window.removeEventListener('online', again);
    };
  }, [apollo, wanted, round]);
  const isComplete = ids.every((id) => found.has(id));
  return { products: isComplete ? found : undefined, error, retry: () => setRound(round + 1) };
}

function BasketOf(props: {
  basket: Basket;
  products: ReadonlyMap<string, Product | null>;
  onPricesChanged: () => void;
}) {
  const { basket, products, onPricesChanged } = props;
  const session = useSession();
  const navigate = useNavigate();
  const [place] = useMutation(PlaceOrderDocument, {
    update: (cache) => cache.evict({ fieldName: 'myOrders' }),
    refetchQueries: [MyOrdersDocument],
  });
  const { isBusy, error, attempt } = useAttempt();
  const lines = basket.items.map((item) => ({ ...item, product: products.get(item.productId) ?? null }));
  const isOrderable = lines.every(
    ({ product }) => product && !product.isArchived && product.stock?.inStock !== false,
  );
  const amount = lines.reduce(
    (sum, { product, quantity }) => sum + (product?.price.amount ?? 0) * quantity,
    0,
  );
  const currency = lines.find(({ product }) => product)?.product?.price.currency ?? 'EUR';

  async function order(): Promise<void> {
    const placed = await attempt(async () => {
      const outcome = await toOutcome(
        place({
          variables: {
            input: {
              items: basket.items.map(({ productId, quantity }) => ({ productId, quantity })),
              idempotencyKey: basket.key,
              expectedTotal: amount,
            },
          },
        }),
      );
      if (!outcome.ok && outcome.error.kind === 'input') onPricesChanged();
      return outcome;
    });
    if (!placed) return;
    emptyBasket();
    await navigate(`/orders/${placed.placeOrder.id}`, { state: { isNew: true } });
  }

  return (
    <>
      <ul className="rows">
        {lines.map(({ productId, quantity, product }) => (
          <li key={productId} className="row">
            {product && <ProductPicture category={product.category.slug} name={product.name} />}
            <div className="row-main">
              {product ? (
                <Link to={`/products/${productId}`}>{product.name}</Link>
              ) : (
                <span>{texts.basket.goneProduct}</span>
              )}
              {product?.stock?.inStock === false && <p className="stock none">{texts.product.soldOut}</p>}
            </div>
            {product && (
              <label className="quantity">
                {texts.basket.quantity}
                <input
                  type="number"
                  min={1}
                  max={maxQuantity}
                  value={quantity}
                  aria-label={texts.basket.quantityOf(product.name)}
                  onChange={({ currentTarget }) => {
                    if (currentTarget.valueAsNumber >= 1) setQuantity(productId, currentTarget.valueAsNumber);
                  }}
                />
              </label>
            )}
            <Button
              kind="link"
              aria-label={texts.basket.removeNamed(product?.name ?? texts.basket.goneProduct)}
              onClick={() => setQuantity(productId, 0)}
            >
              {texts.basket.remove}
            </Button>
            {product && (
              <strong>
                {formatMoney({ amount: product.price.amount * quantity, currency: product.price.currency })}
              </strong>
            )}
          </li>
        ))}
      </ul>
      <div className="total">
        <p>
          {texts.orders.total} <strong>{formatMoney({ amount, currency })}</strong>
        </p>
        <p className="quiet">{texts.basket.demo}</p>
        {!isOrderable && <p className="fault">{texts.basket.notOrderable}</p>}
        <Refusal error={error} />
        {error?.kind === 'forbidden' && <VerifyHint />}
        {session.status === 'signed-in' ? (
          session.account.actedBy ? (
            <p>{texts.basket.notAsStaff}</p>
          ) : (
            <Button kind="main" disabled={isBusy || !isOrderable} onClick={order}>
              {texts.basket.order}
            </Button>
          )
        ) : (
          <Link className="button main" to="/sign-in?to=/basket">
            {texts.basket.signIn}
          </Link>
        )}
      </div>
    </>
  );
}
