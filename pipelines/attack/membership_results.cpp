#include "pipelines/attack/membership_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "pipelines/attack/attack_page.h"
#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

/// The best share of members above a threshold that lets at most `rate` of the others pass.
double members_found(std::span<const double> members, std::span<const double> others, double rate) {
  std::vector<double> sorted(others.begin(), others.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const auto allowed = static_cast<std::size_t>(rate * static_cast<double>(sorted.size()) + 1e-9);
  // All above the first that may not pass.
  const auto found = std::count_if(members.begin(), members.end(), [&](double score) { return score > sorted[allowed]; });
  return static_cast<double>(found) / static_cast<double>(members.size());
}

Separation separate(const MembershipResults& results, bool by_ratio) {
  std::vector<double> members, others;
  for (const MembershipCase& c : results.cases) (c.member ? members : others).push_back((by_ratio ? *c.reference_loss : 0) - c.loss);
  return separation(members, others);
}

Json to_json(const Separation& s) { return {{"auc", s.auc}, {"auc_low", s.auc_low}, {"auc_high", s.auc_high}, {"members_at_1", s.members_at_1}, {"members_at_10", s.members_at_10}}; }

std::size_t others_of(const MembershipResults& results) {
  return static_cast<std::size_t>(std::count_if(results.cases.begin(), results.cases.end(), [](const MembershipCase& c) { return !c.member; }));
}

std::string row(const char* name, const Separation& s) {
  return element("tr", "", element("th", "", name) + element("td", "", number(s.auc, 3)) + element("td", "", number(s.auc_low, 2) + " to " + number(s.auc_high, 2)) + element("td", "", number(100 * s.members_at_1, 0) + " %") + element("td", "", number(100 * s.members_at_10, 0) + " %"));
}

}  // namespace

Separation separation(std::span<const double> members, std::span<const double> others) {
  require(!members.empty() && !others.empty(), ErrorCode::kUsage, "membership: needs cases that were trained on, and others");
  double above = 0;
  for (const double member : members)
    for (const double other : others) above += member > other ? 1 : member == other ? 0.5 : 0;
  const double m = static_cast<double>(members.size()), n = static_cast<double>(others.size());
  Separation s;
  s.auc = above / (m * n);
  const double q1 = s.auc / (2 - s.auc), q2 = 2 * s.auc * s.auc / (1 + s.auc);
  const double error = std::sqrt(std::max(0.0, (s.auc * (1 - s.auc) + (m - 1) * (q1 - s.auc * s.auc) + (n - 1) * (q2 - s.auc * s.auc)) / (m * n)));
  s.auc_low = std::max(0.0, s.auc - 1.959964 * error);
  s.auc_high = std::min(1.0, s.auc + 1.959964 * error);
  s.members_at_1 = members_found(members, others, 0.01);
  s.members_at_10 = members_found(members, others, 0.1);
  return s;
}

Separation MembershipResults::by_loss() const { return separate(*this, false); }

std::optional<Separation> MembershipResults::by_ratio() const {
  if (cases.empty() || std::any_of(cases.begin(), cases.end(), [](const MembershipCase& c) { return !c.reference_loss; })) return {};
  return separate(*this, true);
}

Json to_json(const MembershipResults& results) {
  Json cases = Json::array();
  for (const MembershipCase& c : results.cases) cases.push_back({{"case", c.name}, {"member", c.member}, {"loss", c.loss}, {"reference_loss", c.reference_loss ? Json(*c.reference_loss) : Json()}});
  const auto ratio = results.by_ratio();
  return {{"schema", "consilium.attack_membership_results/1"}, {"model", results.model}, {"by_loss", to_json(results.by_loss())}, {"by_ratio", ratio ? to_json(*ratio) : Json()}, {"cases", cases}, {"settings", results.settings}};
}

std::string to_text(const MembershipResults& results) {
  const std::size_t others = others_of(results);
  std::string text = fmt::format("Who was trained on? {} members and {} others, model {}\n\n{:<10}{:>8}{:>16}{:>24}{:>25}\n", results.cases.size() - others, others, results.model, "by", "AUC", "95 % interval", "members at 1 % errors", "members at 10 % errors");
  const auto add = [&](const char* name, const Separation& s) { text += fmt::format("{:<10}{:>8.3f}{:>16}{:>23.0f}%{:>24.0f}%\n", name, s.auc, fmt::format("{:.2f} to {:.2f}", s.auc_low, s.auc_high), 100 * s.members_at_1, 100 * s.members_at_10); };
  add("loss", results.by_loss());
  if (const auto ratio = results.by_ratio()) add("ratio", *ratio);
  if (others < 100) text += fmt::format("\nWith {} others a rate of errors below {:.0f} % cannot be told from none.\n", others, 100.0 / static_cast<double>(others));
  return text;
}

std::string membership_page(const MembershipResults& results) {
  AttackPage page;
  page.title = "Can one tell whose images trained the model?";
  const Separation loss = results.by_loss();
  const auto ratio = results.by_ratio();
  const Separation& best = ratio && ratio->auc > loss.auc ? *ratio : loss;
  const std::size_t others = others_of(results);
  page.headline = best.auc_low > 0.5 ? "Yes, better than by guessing" : "Not better than by guessing, as far as this shows";
  page.answer = fmt::format("Somebody who holds a patient's images and labels and the model picks the one who was trained on out of two patients in {:.0f} % of the cases (50 %: guessing; 95 % interval {:.0f} to {:.0f} %).", 100 * best.auc, 100 * best.auc_low, 100 * best.auc_high);
  page.figures = {{"patients trained on", std::to_string(results.cases.size() - others), ""}, {"others", std::to_string(others), ""}, {"AUC by loss", number(loss.auc, 3), "0.5: guessing"}};
  if (ratio) page.figures.push_back({"AUC by ratio", number(ratio->auc, 3), "against a model that saw none of them"});
  std::string head;
  for (const char* name : {"by", "AUC", "95 % interval", "members found, 1 % errors", "10 % errors"}) head += element("th", "", name);
  page.sections.push_back({"How well members are told from others", element("div", "class=\"scroll\"", element("table", "", element("thead", "", element("tr", "", head)) + element("tbody", "", row("loss", loss) + (ratio ? row("ratio", *ratio) : "")))) +
                                                                        (others < 100 ? "<p class=\"muted\">" + fmt::format("With {} others, rates of errors below {:.0f} % cannot be told from none.", others, 100.0 / static_cast<double>(others)) + "</p>" : "")});
  page.sections.push_back({"What this does not show", "<ul><li>An attacker who trains many models of his own can do better (shadow models).</li><li>Members and others must come from the same hospitals; else the hospital is recognised, not the patient.</li>"
                                                      "<li>Only differential privacy bounds what every attack can learn; a low figure here is no proof.</li></ul>"});
  page.settings = results.settings;
  return attack_page(page);
}

}  // namespace consilium::pipelines
