#pragma once

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace consilium::tools {

template <typename Target>
struct ChoiceOf {
  using Value = Target;
};
template <typename Target>
struct ChoiceOf<std::optional<Target>> {
  using Value = Target;
};

/// An option that takes one of a few words, each standing for a value. Help shows the words, and so does the refusal of any other.
template <typename Target>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Target& target, const std::vector<std::pair<std::string, typename ChoiceOf<Target>::Value>>& words, const std::string& description) {
  std::vector<std::string> names;
  for (const auto& [word, value] : words) names.push_back(word);
  const auto take = [&target, words](const std::string& given) {
    for (const auto& [word, value] : words)
      if (word == given) target = value;
  };
  const auto known = [names](const std::string& given) {
    return std::find(names.begin(), names.end(), given) != names.end() ? std::string() : fmt::format("expected {}, found {}", fmt::join(names, ", "), given);
  };
  return app.add_option_function<std::string>(name, take, description)->check(CLI::Validator(known, "", "word"))->type_name(fmt::format("{}", fmt::join(names, "|")));
}

}  // namespace consilium::tools
