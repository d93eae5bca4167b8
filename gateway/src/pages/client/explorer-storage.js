/**
 * The storage of the explorer, less everything that may hold a token: GraphiQL's history keeps each request's headers
 * even when headers are not to be persisted, and variables may hold passwords and refresh tokens.
 */
export function storageWithoutSecrets(storage) {
  return {
    get length() {
      return storage.length;
    },
    getItem: (key) => storage.getItem(key),
    removeItem: (key) => storage.removeItem(key),
    clear: () => storage.clear(),
    setItem(key, value) {
      if (!/:(headers|variables)$/.test(key)) storage.setItem(key, withoutSecrets(value));
    },
  };
}

function withoutSecrets(text) {
  try {
    return JSON.stringify(
      JSON.parse(text, (key, value) => (key === 'headers' || key === 'variables' ? null : value)),
    );
  } catch {
    return text; // Not JSON: a query, a theme.
  }
}
