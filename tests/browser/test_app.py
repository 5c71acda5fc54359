"""The whole loop by mouse: request, follow, load, look at what has changed.

In the end the server goes away, which the panel tells.
"""

from __future__ import annotations

import re

import fiftyone as fo
import pytest

import fiftyone_cvat


def open_panel(page):
    """Open the panel as a user does who has never had it open."""
    page.locator("[data-cy=new-panel-btn]").first.click()
    page.locator("[data-cy=new-panel-option-cvat]").click()


def button(page, words):
    return page.get_by_role("button", name=words, exact=True)


def dialog(page):
    return page.get_by_role("dialog")


def test_whole_loop_by_mouse(page, cvat, cats):
    open_panel(page)
    page.get_by_text("No annotation runs yet.").wait_for()
    button(page, "Request annotations").click()
    fields = dialog(page).get_by_role("combobox").first
    fields.click()
    page.get_by_role("option", name="cats").click()
    dialog(page).get_by_text(
        "4 samples will go to CVAT, in 1 task with 1 job"
    ).wait_for()
    assert cvat.tasks == {}
    button(dialog(page), "Send").click()
    dialog(page).get_by_text("is in CVAT").wait_for()
    button(dialog(page), "Done").click()

    ((task_id, record),) = cvat.tasks.items()
    assert len(record["annotations"]["shapes"]) == 4
    page.get_by_text("1 job", exact=True).wait_for()
    link = page.get_by_role("link", name=str(task_id), exact=True).first
    assert link.get_attribute("href") == f"{cvat.url}/tasks/{task_id}/jobs/{task_id}"
    assert link.get_attribute("target") == "_blank"

    gone = record["annotations"]["shapes"].pop(1)
    record["task"]["updated_date"] = "2030-01-01T00:00:00Z"
    record["states"][task_id] = "completed"
    button(page, "Refresh").click()
    page.get_by_text("1 completed", exact=True).wait_for()
    button(page, "Load").click()
    button(dialog(page), "Load").click()
    dialog(page).get_by_text("3 kept, 1 deleted").wait_for()
    button(dialog(page), "Done").click()

    button(page, "1 deleted").click()
    page.get_by_text("1 sample", exact=True).first.wait_for()
    cats.reload()
    left = cats.values("cats.detections")
    assert [len(each) for each in left] == [1, 0, 1, 1]
    assert gone["frame"] == 1

    fiftyone_cvat.load(cats, "cvat_1", username="ann", password="s3cr3t-password")
    button(page, "Refresh").click()
    page.get_by_text("outside the App: no details").wait_for()

    cvat.close()
    button(page, "Refresh").click()
    page.get_by_text(re.compile("^No connection to")).wait_for()


@pytest.fixture
def moods(cats):
    """A label schema of the App for the cats."""
    if not hasattr(fo.Dataset, "label_schemas"):
        pytest.skip("FiftyOne has label schemas since 1.16")
    cats.add_sample_field("cats.detections.mood", fo.StringField)
    mood = {"name": "mood", "type": "str", "component": "radio"}
    mood |= {"values": ["calm", "wild"], "default": "calm"}
    schema = {"type": "detections", "component": "radio", "classes": ["cat", "dog"]}
    cats.set_label_schemas({"cats": {**schema, "attributes": [mood]}})
    return cats


def test_request_by_the_label_schema_of_the_app(moods, page, cvat):
    """What the form is filled with, and nobody touches, is as the schema says it."""
    open_panel(page)
    button(page, "Request annotations").click()
    dialog(page).get_by_role("combobox").first.click()
    page.get_by_role("option", name="cats").click()
    told = "Classes and attributes come from the label schema of the App"
    dialog(page).get_by_text(told).wait_for()
    assert (
        dialog(page)
        .get_by_role("textbox")
        .evaluate_all("all => all.map(each => each.value).includes('calm, wild')")
    )
    dialog(page).get_by_text("CVAT's labels: cat (mood), dog (mood)").wait_for()
    dialog(page).get_by_text(told).scroll_into_view_if_needed()
    button(dialog(page), "Send").click()
    dialog(page).get_by_text("is in CVAT").wait_for()

    moods.reload()
    run = moods.load_annotation_results("cvat_1")
    assert run.config.label_schema["cats"]["attributes"] == {
        "mood": {"type": "radio", "values": ["calm", "wild"], "default": "calm"}
    }
    assert len(cvat.tasks) == 1
