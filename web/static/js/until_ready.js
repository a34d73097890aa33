// Looks again every two seconds while something on the page is still being made, and puts the new state in its place.
//
//   data-until-ready   on an element with an id; the server leaves the attribute out once all is ready

const EVERY_MS = 2000;
const TRIES = 30;

for (const region of document.querySelectorAll('[data-until-ready][id]')) {
  watch(region.id, TRIES);
}

function watch(id, tries) {
  setTimeout(async () => {
    const fresh = await ask(id);
    if (fresh) {
      document.getElementById(id).replaceWith(fresh);
    }
    if (tries > 1 && (!fresh || 'untilReady' in fresh.dataset)) {
      watch(id, tries - 1);
    }
  }, EVERY_MS);
}

async function ask(id) {
  try {
    const response = await fetch(location.href, { credentials: 'same-origin', headers: { Accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    return response.ok ? page.getElementById(id) : null;
  } catch {
    return null;
  }
}
