"""The pictures in docs/images: taken by the test that walks the README, and held against what is there.

With DOORWARD_WRITE_PICTURES set they are put there; scripts/pictures does that.
"""

import os
import pathlib

from PIL import Image, ImageChops, ImageStat
from PIL.PngImagePlugin import PngInfo

KEPT = pathlib.Path(__file__).parents[2] / "docs/images"
# Of how a page looks only so much is compared that another font or another release of the browser makes
# no difference: its height, and how dark its parts are. What it says is compared word by word, without
# what is another each time; the picture carries it.
HEIGHT = 0.06
PARTS = (32, 24)
APART = 3.0
WORDS = """() => {
    const page = document.body.cloneNode(true);
    page.querySelectorAll("time, code, option, script, .ref").forEach((one) => one.remove());
    const pieces = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
    const all = [];
    while (pieces.nextNode()) all.push(pieces.currentNode.data);
    return all.join(" ").split(/\\s+/).filter((word) => word && !/[0-9]/.test(word)).join(" ");
}"""


def opened(file):
    """A picture that is kept, with its words."""
    with Image.open(file) as kept:
        kept.load()
        picture = kept.convert("RGB")
        picture.info["words"] = str(kept.info.get("words", ""))
        return picture


def differences(fresh, kept):
    """What is too different between two pictures, in words; nothing when they show the same page."""
    if fresh.width != kept.width:
        return f"is {fresh.width} wide and was {kept.width}"
    if abs(fresh.height - kept.height) > HEIGHT * kept.height:
        return f"is {fresh.height} high and was {kept.height}"
    small = [one.convert("L").resize(PARTS, Image.Resampling.BOX) for one in (fresh, kept)]
    apart = ImageStat.Stat(ImageChops.difference(*small))
    if apart.mean[0] > APART:
        return f"looks otherwise: {apart.mean[0]:.1f} apart"
    words, before = fresh.info.get("words"), kept.info.get("words")
    return None if words == before else f"says {words!r} and said {before!r}"


class Album:
    """Takes the pictures and says in the end which of those that are kept are stale."""

    def __init__(self, site):
        self.site = site
        self.stale = []
        self.taken = []

    def takes(self, name, height=None):
        """The page as it is now, or the upper part of it, light and as wide as a desk."""
        page = self.site.page
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size({"width": 1280, "height": height or 720})
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        page.mouse.move(0, 0)
        file = self.site.folder / f"readme-{name}"
        page.screenshot(path=str(file), full_page=height is None)
        self.taken.append(name)
        fresh = Image.open(file).convert("RGB")
        fresh.info["words"] = page.evaluate(WORDS)
        kept = KEPT / name
        if os.environ.get("DOORWARD_WRITE_PICTURES"):
            # Pages have few colours, and a repository is read by everybody.
            more = PngInfo()
            more.add_itxt("words", fresh.info["words"])
            fresh.quantize(128).save(kept, optimize=True, pnginfo=more)
            return
        told = differences(fresh, opened(kept)) if kept.exists() else "is new"
        if told:
            self.stale.append(f"{name} {told}")

    def is_fresh(self):
        kept = {file.name for file in KEPT.glob("*.png")}
        assert kept == set(self.taken), f"{kept} are kept and {self.taken} were taken"
        assert not self.stale, f"run scripts/pictures and look at what it changes: {self.stale}"
