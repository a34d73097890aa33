// A form with `data-unsaved` asks before it is left with words not sent. With `data-autosave` (an address) its words, not its
// files, are also kept there half a minute after the last change; the outcome is said in `data-autosave-status`.

const QUIET_MS = 30_000;

for (const form of document.querySelectorAll('form[data-unsaved]')) {
  let isDirty = false;
  let timer = 0;
  const status = form.querySelector('[data-autosave-status]');

  const askBefore = (event) => {
    if (isDirty) {
      event.preventDefault();
    }
  };

  const save = async () => {
    const words = new FormData(form);
    for (const [name, value] of [...words.entries()]) {
      if (value instanceof File) {
        words.delete(name);
      }
    }
    try {
      const response = await fetch(form.dataset.autosave, {
        method: 'POST', body: words, headers: { Accept: 'application/json' }, redirect: 'error',
      });
      isDirty = isDirty && (!response.ok || hasFiles(form));
      say(status, response.ok ? form.dataset.autosaveDone : form.dataset.autosaveFailed);
    } catch {
      say(status, form.dataset.autosaveFailed);
    }
  };

  form.addEventListener('input', () => {
    isDirty = true;
    if (form.dataset.autosave) {
      clearTimeout(timer);
      timer = setTimeout(save, QUIET_MS);
    }
  });
  form.addEventListener('submit', () => {
    isDirty = false;
    clearTimeout(timer);
  });
  window.addEventListener('beforeunload', askBefore);
}

function hasFiles(form) {
  return [...form.querySelectorAll('input[type=file]')].some((input) => input.files.length);
}

function say(place, words) {
  if (place) {
    const clock = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    place.textContent = `${words} ${clock}`;
  }
}
