"""The sample letters, rendered once for all tests that measure them."""

import pytest
from letters_samples import CORRESPONDENCE_LETTER, DOCUMENT_LETTER, LONG_CORRESPONDENCE

from forms.letters.render import render
from forms.letters.rendered import RenderedLetter


@pytest.fixture(scope="session")
def document() -> RenderedLetter:
    return render(DOCUMENT_LETTER)


@pytest.fixture(scope="session")
def correspondence() -> RenderedLetter:
    return render(CORRESPONDENCE_LETTER)


@pytest.fixture(scope="session")
def long_correspondence() -> RenderedLetter:
    return render(LONG_CORRESPONDENCE)
