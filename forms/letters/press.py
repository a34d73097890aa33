"""The child process of `isolate`: reads letters from its input, writes PDFs to its output, inside a memory limit.

One request is one line: the word `letter` or `printout`, a space, and its JSON (`engine.domain.letter.to_json`,
`Printout.to_json`). One answer is one line of JSON, then as many bytes of PDF as its `size` says. Ends when its input
ends.
"""

import json
import os
import resource
import sys
from dataclasses import astuple
from typing import Any, BinaryIO

from engine.domain.letter import from_json
from forms.letters.errors import MissingGlyph, RenderFailed
from forms.letters.fonts import FontsMissing
from forms.letters.rendered import RenderedLetter


def main() -> None:
    limit_memory(int(sys.argv[1]))
    # Whatever a library prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for request in sys.stdin.buffer:
        if not answer_one(request.decode(), answers):
            return


def limit_memory(size_bytes: int) -> None:
    """Caps the address space; a letter that wants more fails here and not on the whole machine."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size_bytes, hard))


def answer_one(request: str, answers: BinaryIO) -> bool:
    """Whether the process may take another letter: after running out of memory it should not."""
    pdf = b""
    head: dict[str, Any]
    try:
        rendered = _render(*request.split(" ", 1))
        pdf = rendered.pdf
        head = {"pages": rendered.pages, "sha256": rendered.sha256, "size": len(pdf)}
        head["seal_box"] = astuple(rendered.seal_box) if rendered.seal_box else None
    except MissingGlyph as error:
        head = {"missing": list(error.characters)}
    except RenderFailed as error:
        head = {"failed": error.reason, "zh": error.zh, "ends": False}
    except FontsMissing as error:
        head = {"fonts": error.message}
    except MemoryError:
        head = {"failed": "it needs more memory than a letter may use", "zh": "所需内存超过限度，请缩短", "ends": True}
    except Exception as error:  # the parent turns every failure into RenderFailed; the next letter is not to suffer
        head = {"failed": f"{type(error).__name__}: {error}", "ends": True}
    answers.write(json.dumps(head).encode() + b"\n" + pdf)
    answers.flush()
    return not head.get("ends", False)


def _render(what: str, content: str) -> RenderedLetter:
    from forms.letters.printout import from_json as printout_from_json
    from forms.letters.render import render, render_printout

    return render_printout(printout_from_json(content)) if what == "printout" else render(from_json(content))


if __name__ == "__main__":
    main()
