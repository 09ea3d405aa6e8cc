#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

// Label `slow`: needs Debian's chromium, which ./dev does not install.

namespace consilium {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kBrowser = "/usr/bin/chromium";

/// Opens the page at both widths and prints what a reader would notice, as JSON between marks.
constexpr const char* kProbe = R"html(<!DOCTYPE html><meta charset="utf-8"><body><script>
const widths = [390, 1366], found = [];
function probe(frame, width) {
  const page = frame.contentDocument, root = page.documentElement;
  const outside = [...page.querySelectorAll('body *')].filter(e => {
    if (e.closest('.scroll, pre, svg') && !e.matches('.scroll, pre')) return false;
    return e.getBoundingClientRect().right > width + 1;
  });
  found.push({width: width, scroll: root.scrollWidth, client: root.clientWidth, outside: outside.map(e => e.tagName + '.' + e.className),
    requests: frame.contentWindow.performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:')),
    sections: page.querySelectorAll('section').length, scripts: page.scripts.length,
    nameless: [...page.querySelectorAll('svg:not([aria-hidden])')].filter(s => !s.parentElement.closest('svg') && !s.getAttribute('aria-label')).length,
    headless: [...page.querySelectorAll('table')].filter(t => !t.caption || t.querySelector('th:not([scope])')).length,
    pictures: page.querySelectorAll('.panels svg').length});
  if (found.length == widths.length) document.body.textContent = 'BEGIN' + JSON.stringify(found) + 'END';
}
for (const width of widths) {
  const frame = document.createElement('iframe');
  frame.width = width, frame.height = 900, frame.style.border = 0;
  frame.onload = () => probe(frame, width);
  frame.src = 'page.html';
  document.body.append(frame);
}
</script></body>)html";

TEST(ReportInBrowser, FitsPhoneAndLaptopAndAsksForNothing) {
  if (access(kBrowser, X_OK) != 0) GTEST_SKIP() << "needs Debian's chromium";
  const TemporaryFolder folder;
  std::vector<std::string> sites;
  for (int n = 0; n < 10; ++n) sites.push_back("a_hospital_with_a_rather_long_name_" + std::to_string(n));
  test::write_tiny_run(folder.path() / "run", {.sites = sites, .cases = 2});
  const auto report = test::run_program(
      {test::consilium_program(), "report", (folder.path() / "run").string(), "-o", (folder.path() / "page.html").string()});
  ASSERT_EQ(report.code, 0) << report.err;
  write_file(folder.path() / "probe.html", kProbe);
  const auto browser =
      test::run_program({kBrowser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
                         "--allow-file-access-from-files", "--enable-logging=stderr",
                         "--user-data-dir=" + (folder.path() / "profile").string(), "--window-size=1400,900",
                         "--virtual-time-budget=20000", "--dump-dom", "file://" + (folder.path() / "probe.html").string()});
  const std::size_t begin = browser.out.rfind("BEGIN"), end = browser.out.rfind("END");
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos && begin < end)
      << browser.out.substr(0, 2000) << browser.err;
  const Json found = parse_json(browser.out.substr(begin + 5, end - begin - 5), "probe");
  ASSERT_EQ(found.size(), 2U);
  for (const Json& view : found) {
    SCOPED_TRACE(view.dump(1));
    EXPECT_EQ(view["scroll"], view["client"]) << "the page scrolls sideways";
    EXPECT_TRUE(view["outside"].empty());
    EXPECT_TRUE(view["requests"].empty());
    EXPECT_EQ(view["sections"], 8);
    EXPECT_EQ(view["scripts"], 0);
    EXPECT_EQ(view["nameless"], 0) << "drawings without a text for screen readers";
    EXPECT_EQ(view["headless"], 0) << "tables without caption or scope";
    EXPECT_GT(view["pictures"], 0);
  }
  EXPECT_THAT(browser.err, Not(HasSubstr("CONSOLE"))) << "errors in the browser's console";
}

}  // namespace
}  // namespace consilium
