/** Calls `open(example)` for each choice in the bar's list. The list then shows its title again: it is a menu. */
export function connectExamples(examples, open) {
  const list = document.querySelector('.examples');
  if (list === null) return;
  list.hidden = false;
  list.addEventListener('change', () => {
    const example = examples[Number(list.value)];
    list.value = '';
    open(example);
  });
}
