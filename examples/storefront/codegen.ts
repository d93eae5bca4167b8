/**
 * For GraphQL Code Generator: writes `src/gql` from the `.graphql` files. `npm install --save-dev @graphql-codegen/cli`, then
 * `npx graphql-codegen`, with Signet running. In Signet's own repository `npm run compose` does it.
 */
export default {
  schema: 'http://localhost:4001/graphql',
  documents: ['src/**/*.graphql'],
  generates: {
    './src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        // Every scalar of the schema: one that is missing here fails the generator, and is `any` nowhere.
        strictScalars: true,
        scalars: { ID: 'string', DateTime: 'string', JSONObject: 'Record<string, unknown>' },
        defaultScalarType: 'unknown',
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
};
