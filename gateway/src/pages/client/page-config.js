/** What the server wrote into the page: graphqlPath, accounts, examples, and what the page's own script needs. */
export function readPageConfig() {
  return JSON.parse(document.getElementById('page-config').textContent);
}
