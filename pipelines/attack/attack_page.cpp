#include "pipelines/attack/attack_page.h"

#include "pipelines/report_charts.h"
#include "pipelines/report_html.h"
#include "pipelines/report_page.h"

namespace consilium::pipelines {

std::string picture_html(const std::string& png, const std::string& shows) {
  return element("figure", "class=\"wide\"", "<img alt=\"" + escape_html(shows) + "\" style=\"max-width:100%;image-rendering:pixelated\" src=\"data:image/png;base64," + base64(png) + "\">" + element("figcaption", "class=\"muted\"", escape_html(shows)));
}

std::string attack_page(const AttackPage& page) {
  std::string figures;
  for (const AttackPage::Figure& f : page.figures) figures += element("div", "", element("dt", "", escape_html(f.name)) + element("dd", "class=\"big\"", escape_html(f.value)) + element("dd", "", element("small", "", escape_html(f.note))));
  std::string body = element("header", "", element("p", "class=\"eyebrow\"", "consilium attack · a test of one's own federation") + element("h1", "", escape_html(page.title)) + element("p", "class=\"headline\"", escape_html(page.headline)) +
                                               element("p", "class=\"answer\"", escape_html(page.answer)) + element("dl", "class=\"figures\"", figures));
  std::string main;
  for (const AttackPage::Section& section : page.sections) main += element("section", "", element("h2", "", escape_html(section.title)) + section.html);
  main += element("section", "", element("details", "", element("summary", "", "Settings") + element("pre", "", escape_html(page.settings.dump(2, ' ', false, Json::error_handler_t::replace)))));
  body += element("main", "", main) + element("footer", "", "Research use only: this is no medical device. Figures are measured on the data and settings named here; they are no guarantee for others.");
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" + escape_html(page.title) + "</title><style>" + std::string(chart_style()) + std::string(page_style()) +
         "</style></head>\n" + element("body", "", body) + "</html>\n";
}

}  // namespace consilium::pipelines
