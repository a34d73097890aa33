// Brings the reader to what went wrong: focus on `data-focus` when the page has loaded.

document.querySelector('[data-focus]')?.focus();
