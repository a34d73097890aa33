// Folds the parts of a check row that its choice does not ask for (`data-check-row`, `data-state`).

for (const row of document.querySelectorAll('[data-check-row]')) {
  row.addEventListener('change', (event) => {
    if (event.target.name.endsWith('.state')) {
      row.dataset.state = event.target.value;
    }
  });
  row.dataset.folding = '';
}
