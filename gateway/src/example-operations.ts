import type { ExampleOperation } from './pages/index.ts';

/** What Sandbox and the explorer open with. The first needs no sign-in. */
export const exampleOperations: readonly ExampleOperation[] = [
  {
    name: 'Products',
    document: `# Needs no sign-in. Price comes from catalog, stock from inventory.
query Products($filter: ProductFilter, $after: String) {
  products(first: 10, filter: $filter, after: $after, sort: PRICE_ASC) {
    totalCount
    edges {
      node {
        id
        name
        price { amount currency }
        stock { available inStock }
      }
    }
    pageInfo { endCursor hasNextPage }
  }
}`,
    variables: { filter: { text: 'lamp' } },
  },
  {
    name: 'Login',
    document: `mutation Login {
  login(input: { email: "ada@example.com", password: "correct horse battery staple" }) {
    accessToken
    refreshToken
    expiresIn
  }
}`,
  },
  {
    name: 'MyOrders',
    document: `# Sign in as a customer. Crosses auth, orders, catalog and inventory.
query MyOrders {
  me {
    email
    orders(first: 5) {
      edges {
        node {
          status
          total { amount currency }
          items {
            quantity
            unitPrice { amount currency }
            product {
              name
              stock { available }
            }
          }
        }
      }
    }
  }
}`,
  },
  {
    name: 'PlaceOrder',
    document: `# Sign in as a customer; take a product id from Products. Sent again, it gives the same order.
mutation PlaceOrder($productId: ID!) {
  placeOrder(input: { items: [{ productId: $productId, quantity: 1 }], idempotencyKey: "my-first-order" }) {
    id
    status
    total { amount currency }
  }
}`,
    variables: { productId: '' },
  },
  {
    name: 'PortalLogin',
    document: `mutation PortalLogin {
  portalLogin(input: { email: "support@example.com", password: "correct horse battery staple" }) {
    accessToken
    refreshToken
    expiresIn
  }
}`,
  },
  {
    name: 'FindCustomer',
    document: `# Sign in as staff. With a customer's token every field here is refused.
query FindCustomer($search: String) {
  portalHealth
  customers(first: 5, search: $search) {
    totalCount
    edges {
      node {
        email
        fullName
        isActive
        supportNotes(first: 3) { edges { node { body author { fullName } } } }
        orders(first: 3) { edges { node { id status } } }
      }
    }
  }
}`,
    variables: { search: 'ada' },
  },
];
