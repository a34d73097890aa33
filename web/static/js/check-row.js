// Folds the parts of a check row that its choice does not ask for (`data-check-row`, `data-state`).

foldRows(document);

/** Of this page, or of the preview in the studio's form editor. */
export function foldRows(page) {
  for (const row of page.querySelectorAll('[data-check-row]')) {
    row.addEventListener('change', (event) => {
      if (event.target.name.endsWith('.state')) {
        row.dataset.state = event.target.value;
      }
    });
    row.dataset.folding = '';
  }
}
