"""Messages to support and replies (R28)."""

from playwright.sync_api import Locator, Page, expect

from subscriptions.messenger import replies, threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import Message, Thread
from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.programs.screens.checks import covered
from tests.support.browser import DESKTOP, PHONE, ContextMaker, PageProblems, assert_accessible
from tests.support.world import World

WITHOUT_JAVASCRIPT = {**DESKTOP, "java_script_enabled": False}


def messenger_button(page: Page) -> Locator:
    return page.locator("#messenger-button")


def messenger_panel(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Messenger")


def reply(world: World, body: str) -> None:
    thread = Thread.objects.get()
    newest = Message.objects.latest("pk").pk
    replies.reply(thread, world.support, MessageDraft(body), seen=newest)


def test_messenger_works_without_javascript(world: World, signed_in: SignedIn) -> None:
    otto = signed_in(world.official, WITHOUT_JAVASCRIPT)
    otto.opens("/o/lakeside/")
    messenger_button(otto.page).click()
    otto.is_at("Messenger")
    otto.field("Your message").fill("Can you hear me?")
    otto.clicks("Send")
    otto.sees("Your message has been sent.", "Can you hear me?")

    reply(world, "Loud and clear.")
    otto.opens("/o/lakeside/")
    expect(messenger_button(otto.page)).to_contain_text("1 new reply")
    messenger_button(otto.page).click()
    otto.sees("Sunny Support, support", "Loud and clear.")


def test_panel_works_by_keyboard_and_replies_appear(world: World, signed_in: SignedIn) -> None:
    otto = signed_in(world.official)
    page = otto.page
    page.clock.install()
    otto.opens("/o/lakeside/")
    messenger_button(page).focus()
    page.keyboard.press("Space")
    panel = messenger_panel(page)
    expect(panel.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("Can you hear me?")
    panel.get_by_role("button", name="Send").click()
    log = panel.get_by_role("log")
    expect(log).to_contain_text("Can you hear me?")
    expect(panel.get_by_label("Your message")).to_be_focused()
    assert_accessible(page)

    page.keyboard.type("Half a sen")
    reply(world, "Loud and clear.")
    page.clock.fast_forward("00:10")
    expect(log).to_contain_text("Loud and clear.")
    expect(log.get_by_role("listitem")).to_have_count(2)
    expect(panel.get_by_label("Your message")).to_have_value("Half a sen")

    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(messenger_button(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.get_by_label("Your message")).to_have_value("Half a sen")


def test_refused_message_keeps_the_input_in_the_panel(
    world: World, signed_in: SignedIn, page_problems: PageProblems
) -> None:
    page_problems.expect("POST 422 .*/messages/")
    page = signed_in(world.official, PHONE).page
    page.goto("/o/lakeside/")
    messenger_button(page).tap()
    panel = messenger_panel(page)
    panel.get_by_label("Your message").fill("x" * 4001)
    panel.get_by_role("button", name="Send").tap()

    expect(panel).to_contain_text("at most 4,000 characters, and this one has 4,001")
    expect(panel.get_by_label("Your message")).to_have_value("x" * 4001)
    assert_accessible(page)

    for problem in ("POST failed .*/messages/", "console: htmx:afterRequest", "htmx:sendError"):
        page_problems.expect(problem)
    page.context.set_offline(True)
    panel.get_by_label("Your message").fill("In a tunnel")
    panel.get_by_role("button", name="Send").tap()
    expect(panel.get_by_role("alert")).to_contain_text("Your text is still here")
    expect(panel.get_by_label("Your message")).to_have_value("In a tunnel")


def test_anonymous_visitor_writes_from_the_price_list(
    world: World, new_context: ContextMaker
) -> None:
    page = new_context(PHONE).new_page()
    page.goto("/pricing/")
    assert covered(page) == []
    messenger_button(page).tap()
    panel = messenger_panel(page)
    panel.get_by_label("Your name").fill("Pat Prospect")
    panel.get_by_label("Your e-mail").fill("pat@meadow.example")
    panel.get_by_label("Your message").fill("Which package?")
    assert_accessible(page)
    panel.get_by_role("button", name="Send").tap()
    expect(panel).to_contain_text("Thank you. Your message has been sent to support")

    panel.get_by_role("button", name="Close").tap()
    messenger_button(page).tap()
    panel.get_by_role("link", name="Write another message").tap()
    expect(panel.get_by_label("Your name")).to_be_visible()
    assert Thread.objects.get().email == "pat@meadow.example"


def test_messenger_pages_are_accessible(world: World, signed_in: SignedIn) -> None:
    message = threads.write(world.assignor, MessageDraft("Hello"))
    replies.reply(message.thread, world.support, MessageDraft("Hello!"), seen=message.pk)
    arlo = signed_in(world.assignor)
    for path in ("/o/lakeside/messages/", "/messages/"):
        arlo.opens(path)
        arlo.is_accessible()
    Person(arlo.page).opens("/o/lakeside/users/")
    assert covered(arlo.page) == []
