#include "pipelines/attack/adversarial_results.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipelines/attack/attack_page.h"
#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

std::string words(const AdversarialRow& row) {
  if (row.method == "none") return "images as they are";
  return row.method == "fgsm" ? "FGSM, one step" : fmt::format("PGD, {} steps", row.steps);
}

}  // namespace

bool AdversarialResults::hides_gradient() const {
  constexpr double kNoise = 0.02;  // Dice
  for (const AdversarialRow& row : rows) {
    if (row.method == "none") continue;
    if (row.gradient_share < 0.5) return true;
    const auto fgsm = std::find_if(rows.begin(), rows.end(), [&](const AdversarialRow& r) { return r.method == "fgsm" && r.eps == row.eps; });
    if (row.method == "pgd" && fgsm != rows.end() && row.dice > fgsm->dice + kNoise) return true;
  }
  return false;
}

Json to_json(const AdversarialResults& results) {
  Json rows = Json::array();
  for (const AdversarialRow& r : results.rows) rows.push_back({{"method", r.method}, {"eps", r.eps}, {"steps", r.steps}, {"dice", r.dice}, {"loss", r.loss}, {"gradient_share", r.gradient_share}});
  return {{"schema", "consilium.attack_adversarial_results/1"}, {"model", results.model}, {"cases", results.cases}, {"rows", rows}, {"hides_gradient", results.hides_gradient()}, {"settings", results.settings}};
}

std::string to_text(const AdversarialResults& results) {
  std::string text = fmt::format("Dice of {} on {} cases, images changed by at most eps deviations of their intensity\n\n{:<22}{:>8}{:>10}{:>10}{:>22}\n", results.model, results.cases, "attack", "eps", "Dice", "loss", "voxels with gradient");
  for (const AdversarialRow& row : results.rows) text += fmt::format("{:<22}{:>8}{:>10.3f}{:>10.3f}{:>21.1f}%\n", words(row), row.eps, row.dice, row.loss, 100 * row.gradient_share);
  if (results.hides_gradient()) text += "\nThe model hides its gradient: these figures say nothing of its robustness.\n";
  return text;
}

std::string adversarial_page(const AdversarialResults& results) {
  AttackPage page;
  page.title = "Images changed to mislead the model";
  const AdversarialRow& clean = results.rows.front();
  const AdversarialRow& worst = *std::min_element(results.rows.begin(), results.rows.end(), [](const AdversarialRow& a, const AdversarialRow& b) { return a.dice < b.dice; });
  page.headline = fmt::format("Dice falls from {} to {}", number(clean.dice, 3), number(worst.dice, 3));
  page.answer = fmt::format("Somebody who knows the model and changes each voxel by at most {} deviations of the image's intensity makes it do this on {} patients. ", worst.eps, results.cases) +
                "Such changes do not occur by chance. They need access to the images between scanner and model.";
  for (const AdversarialRow& row : results.rows) page.figures.push_back({words(row) + (row.method == "none" ? "" : fmt::format(", eps {}", row.eps)), number(row.dice, 3), "mean Dice"});
  std::string body;
  for (const AdversarialRow& row : results.rows)
    body += element("tr", "", element("th", "", words(row)) + element("td", "", fmt::format("{}", row.eps)) + element("td", "", number(row.dice, 3)) + element("td", "", signed_number(row.dice - clean.dice)) + element("td", "", number(row.loss, 3)) + element("td", "", number(100 * row.gradient_share, 1) + " %"));
  std::string head;
  for (const char* name : {"attack", "eps", "Dice", "change", "loss", "voxels with gradient"}) head += element("th", "", name);
  const std::string verdict = results.hides_gradient() ? "<p class=\"alarm\">The model hides its gradient: the attack is blunted, not answered, and these figures say nothing of its robustness.</p>"
                                                       : "<p>The loss has a gradient at nearly every voxel and more steps do more harm: the attack worked as it should.</p>";
  page.sections.push_back({"Dice by the size of the change", element("div", "class=\"scroll\"", element("table", "", element("thead", "", element("tr", "", head)) + element("tbody", "", body))) + verdict});
  page.sections.push_back({"What this does not show", "<ul><li>Attacks that look for more than the worst of a few steps, or that know the windows a prediction is made of.</li><li>Changes of other kinds: rotation, intensity curves, a drawn object.</li>"
                                                      "<li>What helps: images that come signed from the scanner, and training with fit.adversarial, which costs clean Dice and time.</li></ul>"});
  page.settings = results.settings;
  return attack_page(page);
}

}  // namespace consilium::pipelines
