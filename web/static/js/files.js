// Lists the files chosen in a `data-files` input, pictures with a small preview, before they are sent.

for (const input of document.querySelectorAll('input[data-files]')) {
  const list = document.createElement('ul');
  list.className = 'file-list';
  input.after(list);
  input.addEventListener('change', () => list.replaceChildren(...[...input.files].map(line)));
}

function line(file) {
  const item = document.createElement('li');
  if (/^image\/(jpeg|png|webp)$/.test(file.type)) {
    const picture = document.createElement('img');
    picture.src = URL.createObjectURL(file);
    picture.alt = '';
    picture.className = 'file-list__picture';
    picture.addEventListener('load', () => URL.revokeObjectURL(picture.src), { once: true });
    item.append(picture);
  }
  const size = file.size < 1e6 ? `${Math.max(1, Math.round(file.size / 1000))} KB` : `${(file.size / 1e6).toFixed(1)} MB`;
  item.append(`${file.name} · ${size}`);
  return item;
}
