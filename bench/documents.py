"""How long the check of a published budget document takes."""
import html
import shutil
import subprocess
import time

from common import ROOT, WORK, record
from harness import Qushu

LINES_A_PAGE = 45


def bench_check(rows, seconds):
    """A document of 100 pages, as text and as the PDF that a browser prints of it; the program's start is counted."""
    folder = WORK / "documents"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    qushu = Qushu(folder / "data")
    sample = (ROOT / "src/budget/documents/final-account-2023.txt").read_text()
    pages = 100
    copies = pages * LINES_A_PAGE // len(sample.splitlines()) + 1
    text = folder / "long.txt"
    text.write_text("\n".join([sample] * copies))
    page = folder / "long.html"
    page.write_text('<meta charset="utf-8"><pre style="font:13px \'Noto Sans Mono CJK SC\';white-space:pre-wrap">' + html.escape(text.read_text()) + "</pre>")
    pdf = folder / "long.pdf"
    subprocess.run(["/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}/chromium",
                    f"--print-to-pdf={pdf}", page.as_uri()], check=True, capture_output=True)
    def best_of(command, **more):
        times = []
        for _ in range(5):
            began = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, **more)
            times.append(time.monotonic() - began)
            assert done.returncode in (0, 1), done.stderr
        return min(times)

    def check(path):
        return best_of(qushu.arguments("budget", "check", str(path)), env=qushu.environment)

    ours = check(text)
    record(f"check a budget document of {pages} pages, as text", f"{ours:.2f} s", "limit 1 s", f"{ours:.2f}", "≤ 1 s", ours <= 1)
    ours, theirs = check(pdf), best_of(["pdftotext", "-layout", "-enc", "UTF-8", str(pdf), "-"])
    record("the same as a PDF", f"{ours:.2f} s", f"pdftotext alone {theirs:.2f} s", f"{ours / theirs:.2f} ×", "≤ 1.5 ×", ours <= 1.5 * theirs)
