// The id of this tab of the browser: the same after a reload, another in a copy of the tab.

const KEY = 'duban.tab';

/** While the page is open the id stands nowhere, so that a tab copied from this one cannot take it too. */
export function tabId() {
  const id = taken() ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  window.addEventListener('pagehide', () => leave(id));
  window.addEventListener('pageshow', ({ persisted }) => persisted && taken());
  return id;
}

function taken() {
  try {
    const id = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return id ?? undefined;
  } catch {
    return undefined;
  }
}

function leave(id) {
  try {
    sessionStorage.setItem(KEY, id);
  } catch {
    // After a reload what was written is offered as another tab's.
  }
}
