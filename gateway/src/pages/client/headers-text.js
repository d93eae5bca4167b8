/**
 * The text of the headers editor with this access token, or without any when it is undefined. An Authorization header
 * that `mayReplace` refuses stays as it is. Text that is not a JSON object is replaced.
 */
export function withAuthorization(text, accessToken, mayReplace) {
  const headers = Object.entries(readHeaders(text));
  const isAuthorization = ([name]) => name.toLowerCase() === 'authorization';
  const present = headers.find(isAuthorization);
  if (present && !mayReplace(String(present[1]))) return text;
  const others = headers.filter((header) => !isAuthorization(header));
  if (accessToken) others.push(['Authorization', `Bearer ${accessToken}`]);
  return others.length > 0 ? JSON.stringify(Object.fromEntries(others), null, 2) : '';
}

function readHeaders(text) {
  try {
    const headers = JSON.parse(text);
    return typeof headers === 'object' && headers !== null ? headers : {};
  } catch {
    return {};
  }
}
