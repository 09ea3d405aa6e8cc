#include "pipelines/attack/poison_results.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "pipelines/attack/attack_page.h"
#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

constexpr const char* kNone = "none";

/// The worst drop under a rule, over all attacks.
std::pair<std::string, double> worst_of(const PoisonResults& results, const std::string& rule) {
  std::pair<std::string, double> worst{kNone, 0};
  for (const std::string& attack : results.attacks)
    if (const double drop = results.drop(attack, rule); drop > worst.second) worst = {attack, drop};
  return worst;
}

std::string meaning(std::string_view attack) {
  static const std::map<std::string_view, std::string> kWords{
      {"label_flip", "trains on exchanged labels: tumour as background, background as tumour"},
      {"label_shift", "trains on labels that are each one class off"},
      {"sign_flip", "sends its update backwards, several times as long"},
      {"scaling", "trains on exchanged labels and sends the result so large that the mean becomes it"},
      {"gaussian", "sends noise"},
      {"alie", "sends just as little wrong as hides among the honest updates"},
      {"backdoor", "teaches the model to see no tumour where a small bright cube is"},
      {"sybil", "one attacker under several names"},
      {"free_rider", "trains nothing and pretends to"}};
  const auto found = kWords.find(attack.substr(0, attack.find(' ')));
  return found == kWords.end() ? "" : found->second;
}

std::string cell(const PoisonResults& results, const std::string& attack, const std::string& rule) {
  const PoisonRun& run = results.run(attack, rule);
  std::string below;
  if (attack != kNone) {
    const double drop = results.drop(attack, rule);
    below = element("small", drop > 0.03 ? "class=\"bad\"" : "", signed_number(-drop));
  }
  return element("td", "", number(run.dice, 3) + below);
}

std::string dice_table(const PoisonResults& results) {
  std::string head = element("th", "", "attack");
  for (const std::string& rule : results.rules) head += element("th", "", escape_html(rule));
  std::string body;
  std::vector<std::string> rows{kNone};
  rows.insert(rows.end(), results.attacks.begin(), results.attacks.end());
  for (const std::string& attack : rows) {
    std::string row = element("th", "", escape_html(attack) + element("small", "", meaning(attack)));
    for (const std::string& rule : results.rules) row += cell(results, attack, rule);
    body += element("tr", "", row);
  }
  return element("div", "class=\"scroll\"", element("table", "", element("caption", "", "Mean Dice on the honest sites' patients; below it the change against the same rule without attackers") + element("thead", "", element("tr", "", head)) + element("tbody", "", body)));
}

std::string shares_table(const PoisonResults& results) {
  std::string body;
  for (const PoisonRun& run : results.runs) {
    if (!run.trigger_success && !run.honest_excluded) continue;
    const auto share = [](const std::optional<double>& value) { return element("td", "", value ? number(100 * *value, 0) + " %" : "–"); };
    body += element("tr", "", element("th", "", escape_html(run.attack)) + element("td", "class=\"text\"", escape_html(run.rule)) + share(run.trigger_success) + share(run.honest_excluded) + share(run.attackers_excluded));
  }
  if (body.empty()) return "";
  const std::string head = element("th", "", "attack") + element("th", "class=\"text\"", "rule") + element("th", "", "tumours hidden by the trigger") + element("th", "", "honest updates without a say") + element("th", "", "attackers' updates without a say");
  return element("div", "class=\"scroll\"", element("table", "", element("caption", "", "The back door, and who was left out by rules that choose among sites") + element("thead", "", element("tr", "", head)) + element("tbody", "", body)));
}

}  // namespace

const PoisonRun& PoisonResults::run(const std::string& attack, const std::string& rule) const {
  const auto found = std::find_if(runs.begin(), runs.end(), [&](const PoisonRun& r) { return r.attack == attack && r.rule == rule; });
  require(found != runs.end(), ErrorCode::kNotFound, "there is no run of attack " + attack + " with rule " + rule);
  return *found;
}

double PoisonResults::drop(const std::string& attack, const std::string& rule) const { return run(kNone, rule).dice - run(attack, rule).dice; }

Json to_json(const PoisonRun& run) {
  const auto or_null = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  return {{"attack", run.attack}, {"rule", run.rule}, {"dice", run.dice}, {"dice_at_site", run.dice_at_site}, {"trigger_success", or_null(run.trigger_success)},
          {"honest_excluded", or_null(run.honest_excluded)}, {"attackers_excluded", or_null(run.attackers_excluded)}, {"seconds", run.seconds}};
}

PoisonRun parse_poison_run(const Json& json, const std::string& origin) {
  PoisonRun run;
  SettingsReader reader(json, origin);
  const auto number_or_null = [&](const char* key, std::optional<double>& target) {
    Json value;
    reader.raw(key, value);
    if (!value.is_null()) target = json_value<double>(value, origin + "." + key);
  };
  reader.required("attack", run.attack);
  reader.required("rule", run.rule);
  reader.required("dice", run.dice);
  reader.field("dice_at_site", run.dice_at_site);
  number_or_null("trigger_success", run.trigger_success);
  number_or_null("honest_excluded", run.honest_excluded);
  number_or_null("attackers_excluded", run.attackers_excluded);
  reader.field("seconds", run.seconds);
  reader.finish();
  return run;
}

Json to_json(const PoisonResults& results) {
  Json runs = Json::array();
  for (const PoisonRun& run : results.runs) {
    runs.push_back(to_json(run));
    runs.back()["drop"] = results.drop(run.attack, run.rule);
  }
  return {{"schema", "consilium.attack_poison_results/1"}, {"title", results.title}, {"sites", results.sites}, {"attackers", results.attackers}, {"runs", runs}, {"settings", results.settings}};
}

std::string to_text(const PoisonResults& results) {
  std::string text = fmt::format("Mean Dice on the honest sites' test cases; {} of {} sites attack. In brackets: lost against the same rule without attackers.\n\n{:<14}", results.attackers.size(), results.sites.size(), "attack");
  for (const std::string& rule : results.rules) text += fmt::format("{:>20}", rule);
  text += '\n';
  std::vector<std::string> rows{kNone};
  rows.insert(rows.end(), results.attacks.begin(), results.attacks.end());
  for (const std::string& attack : rows) {
    text += fmt::format("{:<14}", attack);
    for (const std::string& rule : results.rules) {
      const double dice = results.run(attack, rule).dice;
      text += fmt::format("{:>20}", attack == kNone ? fmt::format("{:.3f}", dice) : fmt::format("{:.3f} ({:.3f})", dice, results.drop(attack, rule)));
    }
    text += '\n';
  }
  for (const PoisonRun& run : results.runs) {
    if (run.trigger_success) text += fmt::format("{}, {}: the trigger hides {:.0f} % of the tumours that are found without it\n", run.attack, run.rule, 100 * *run.trigger_success);
    if (run.honest_excluded) text += fmt::format("{}, {}: no say for {:.0f} % of the honest and {:.0f} % of the attackers' updates\n", run.attack, run.rule, 100 * *run.honest_excluded, 100 * run.attackers_excluded.value_or(0));
  }
  return text;
}

std::string poison_page(const PoisonResults& results) {
  AttackPage page;
  page.title = "Hostile sites in a federation";
  std::string best = results.rules[0];
  for (const std::string& rule : results.rules)
    if (worst_of(results, rule).second < worst_of(results, best).second) best = rule;
  const auto [worst_attack, worst_drop] = worst_of(results, best);
  page.headline = worst_drop <= 0.03 ? "A rule holds against every attack that was tried" : "No rule that was tried holds against every attack";
  page.answer = fmt::format("{} of {} hospitals attacked the federation, each time in one way. With the rule {} the model lost at most {:.3f} Dice ({}).", results.attackers.size(), results.sites.size(), best, std::max(0.0, worst_drop), worst_attack);
  for (const std::string& rule : results.rules) {
    const auto [attack, drop] = worst_of(results, rule);
    page.figures.push_back({"most lost with " + rule, number(drop, 3), attack});
  }
  page.sections.push_back({"What was tried", element("p", "", "Every attack was made by the same sites in a copy of the federation in one process. All sites trained, sent and were checked as in a real one; the attackers' updates, or what they trained on, were replaced.") +
                                                 element("p", "", "Attackers: " + escape_html(fmt::format("{}", fmt::join(results.attackers, ", "))) + ".") + dice_table(results) + shares_table(results)});
  page.sections.push_back({"What this does not show",
                           "<ul><li>Attackers that know the rule and are made against it can do more than these.</li><li>One draw of patients and one seed: differences below some 0.03 are noise.</li>"
                           "<li>A site that sends wrong validation scores can sway which round's model is kept; that is not tried here.</li><li>A back door with another mark, or a quieter one.</li></ul>"});
  page.settings = results.settings;
  return attack_page(page);
}

}  // namespace consilium::pipelines
