// What is wider than its `data-middle` box is first seen from its middle, where the roots of a drawing stand.

for (const box of document.querySelectorAll('[data-middle]')) {
  box.scrollLeft = (box.scrollWidth - box.clientWidth) / 2;
}
