// Counts the characters of a letter while it is being written; more than the limit is a warning and stops nothing.
//
//   data-count            on the fields' box; data-count-limit, and data-count-fixed: characters of tables
//   data-count-shown      inside it: what is said, with {n}, in data-count-words and past the limit in data-count-over

const TABLE = /^【表格\d+】$/;

for (const box of document.querySelectorAll('[data-count]')) {
  const shown = box.querySelector('[data-count-shown]');
  const fields = [...box.querySelectorAll('textarea')];
  const show = () => {
    const n = Number(box.dataset.countFixed) + fields.reduce((sum, field) => sum + count(field.value), 0);
    const isOver = n > Number(box.dataset.countLimit);
    shown.textContent = (isOver ? shown.dataset.countOver : shown.dataset.countWords).replace('{n}', n);
    shown.classList.toggle('word-count--over', isOver);
  };
  fields.forEach((field) => field.addEventListener('input', show));
  show();
}

function count(text) {
  const lines = text.split('\n').map((line) => line.trim());
  return [...lines.filter((line) => !TABLE.test(line)).join('').replace(/\s/gu, '')].length;
}
