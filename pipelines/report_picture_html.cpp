#include <fmt/format.h>

#include <algorithm>

#include "imaging/render/overlay.h"
#include "pipelines/report_findings.h"
#include "pipelines/report_html.h"
#include "pipelines/report_pictures.h"

namespace consilium::pipelines {
namespace {

std::string layer(const imaging::Picture& picture, const std::string& attributes) {
  return fmt::format("<image {} width=\"{}\" height=\"{}\" href=\"data:image/png;base64,{}\"/>", attributes, picture.width,
                     picture.height, base64(imaging::encode_png(picture)));
}

std::string panel(const CasePicture& c, const std::string& spoken, const std::string& layers, const std::string& caption) {
  return fmt::format(
      "<figure><svg viewBox=\"{} {} {} {}\" role=\"img\" aria-label=\"{}\">{}</svg><figcaption>{}</figcaption></figure>\n",
      c.shown.x, c.shown.y, c.shown.width, c.shown.height, escape_html(spoken), layers, caption);
}

std::string dice_words(const std::vector<RegionScore>& regions) {
  std::string words;
  for (const RegionScore& r : regions)
    words += fmt::format("{}<span>{} <b>{}</b></span>", words.empty() ? "" : " ", escape_html(r.region), number(r.dice, 3));
  return words;
}

std::string volume_words(const std::vector<RegionScore>& regions) {
  std::string words;
  for (const RegionScore& r : regions)
    words += fmt::format("{}<span>{} {} ml</span>", words.empty() ? "" : " ", escape_html(r.region), number(r.reference_ml, 1));
  return words;
}

std::string heading_of(const RunResults& results, const CasePicture& c, const std::string& model) {
  if (model == own_model_of(results, c.site)) return "own model";
  return escape_html(model);
}

/// The image and the outline are stored once; the other panels of the case point to them.
std::string panels(const RunResults& results, const CasePicture& c, std::size_t number_of_case) {
  const std::string where = fmt::format("{} of {} at {}, axial slice {}", c.channel, c.name, c.site, c.slice + 1);
  const std::string grey = fmt::format("<use href=\"#grey{}\"/>", number_of_case),
                    outline = fmt::format("<use class=\"ref\" href=\"#ref{}\"/>", number_of_case);
  const std::vector<RegionScore> reference = c.predictions.empty() ? std::vector<RegionScore>{} : c.predictions[0].regions;
  std::string html = panel(c, where + ", with the outline of the reference",
                           layer(c.grey, fmt::format("id=\"grey{}\"", number_of_case)) +
                               layer(c.outline, fmt::format("class=\"ref\" id=\"ref{}\"", number_of_case)),
                           fmt::format("<b>reference</b>{}", volume_words(reference)));
  for (const PredictionPicture& p : c.predictions) {
    const std::string heading = heading_of(results, c, p.model);
    if (!p.problem.empty()) {
      html += fmt::format("<figure class=\"absent\"><p>no picture: {}</p><figcaption><b>{}</b>{}</figcaption></figure>\n",
                          escape_html(p.problem), heading, dice_words(p.regions));
      continue;
    }
    std::string spoken = where + ", prediction of the model " + p.model + ":";
    for (const RegionScore& r : p.regions) spoken += " " + r.region + " Dice " + number(r.dice, 3);
    html += panel(c, spoken, grey + layer(p.fill, "class=\"fill\"") + outline,
                  fmt::format("<b>{}</b>{}", heading, dice_words(p.regions)));
  }
  return html;
}

std::string title_of(const RunResults& results, const CasePicture& c, const std::string& model) {
  const std::string role = c.role == "hardest" ? "Worst case of " + c.site
                           : c.role == "only"
                               ? "The only case"
                               : std::string(1, static_cast<char>(c.role[0] - 32)) + c.role.substr(1) + " case of all";
  return fmt::format("<h3>{}</h3><p class=\"muted\">{} · {} · {} Dice {}</p>", escape_html(role), escape_html(c.site),
                     escape_html(c.name), escape_html(model), number(c.dice, 3));
}

}  // namespace

std::string pictures_html(const RunResults& results, const std::vector<CasePicture>& cases) {
  std::string html;
  for (std::size_t n = 0; n < cases.size(); ++n) {
    const CasePicture& c = cases[n];
    html += "<article class=\"case\">" + title_of(results, c, c.predictions.empty() ? "" : c.predictions[0].model);
    html += c.problem.empty() ? element("div", "class=\"panels\"", panels(results, c, n))
                              : fmt::format("<p class=\"absent\">no picture: {}</p>", escape_html(c.problem));
    html += "</article>\n";
  }
  return html;
}

std::string picture_legend(const RunResults& results) {
  const bool tissues = std::find(results.regions.begin(), results.regions.end(), "ET") != results.regions.end();
  const auto swatch = [](Label label, const std::string& meaning) {
    return fmt::format("<li><i class=\"swatch\" style=\"background:{}\"></i>{}</li>", imaging::label_colour(label),
                       escape_html(meaning));
  };
  std::string html = "<ul class=\"legend\">";
  if (tissues) {
    html += swatch(imaging::kOedema, "oedema (predicted)") +
            swatch(imaging::kNecrotic, "necrotic or non-enhancing core (predicted)") +
            swatch(imaging::kEnhancing, "enhancing tumour (predicted)");
  } else {
    html += swatch(1, (results.regions.empty()      ? "lesion"
                       : results.regions[0] == "WT" ? "whole tumour"
                                                    : results.regions[0]) +
                          " (predicted)");
  }
  html += "<li><i class=\"line\"></i>reference outline</li>";
  if (tissues) html += "<li><i class=\"line thin\"></i>reference, enhancing part</li>";
  return html + "</ul>";
}

}  // namespace consilium::pipelines
