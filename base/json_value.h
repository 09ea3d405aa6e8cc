#pragma once

#include <array>
#include <concepts>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace consilium {

/// @throws Error{kUsage} "`where`: expected `expected`, found ...".
[[noreturn]] void refuse_value(const nlohmann::json& value, const std::string& where, const std::string& expected);

namespace detail {
template <typename T>
struct JsonValue;
}

/// The value as a `T`, or an error: nlohmann's own conversion cuts 2.7 to 2, wraps -1 and 2^32 round, takes `true` for 1 and
/// overlooks a fourth entry of a triple. `where` names the key in messages.
/// @throws Error{kUsage}
template <typename T>
T json_value(const nlohmann::json& value, const std::string& where) {
  return detail::JsonValue<T>::read(value, where);
}

namespace detail {

template <>
struct JsonValue<bool> {
  static bool read(const nlohmann::json& value, const std::string& where) {
    if (!value.is_boolean()) refuse_value(value, where, "true or false");
    return value.get<bool>();
  }
};

template <std::integral T>
struct JsonValue<T> {
  static T read(const nlohmann::json& value, const std::string& where) {
    if (value.is_number_unsigned()) {
      if (const auto whole = value.get<std::uint64_t>(); std::in_range<T>(whole)) return static_cast<T>(whole);
    } else if (value.is_number_integer()) {
      if (const auto whole = value.get<std::int64_t>(); std::in_range<T>(whole)) return static_cast<T>(whole);
    }
    refuse_value(value, where,
                 "a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                     std::to_string(std::numeric_limits<T>::max()));
  }
};

template <std::floating_point T>
struct JsonValue<T> {
  static T read(const nlohmann::json& value, const std::string& where) {
    if (!value.is_number()) refuse_value(value, where, "a number");
    return value.get<T>();
  }
};

template <>
struct JsonValue<std::string> {
  static std::string read(const nlohmann::json& value, const std::string& where) {
    if (!value.is_string()) refuse_value(value, where, "text");
    return value.get<std::string>();
  }
};

template <typename T>
struct JsonValue<std::vector<T>> {
  static std::vector<T> read(const nlohmann::json& value, const std::string& where) {
    if (!value.is_array()) refuse_value(value, where, "a list");
    std::vector<T> list;
    for (std::size_t n = 0; n < value.size(); ++n) list.push_back(json_value<T>(value[n], where + "[" + std::to_string(n) + "]"));
    return list;
  }
};

template <typename T, std::size_t N>
struct JsonValue<std::array<T, N>> {
  static std::array<T, N> read(const nlohmann::json& value, const std::string& where) {
    if (!value.is_array() || value.size() != N) refuse_value(value, where, "a list of " + std::to_string(N));
    std::array<T, N> list;
    for (std::size_t n = 0; n < N; ++n) list[n] = json_value<T>(value[n], where + "[" + std::to_string(n) + "]");
    return list;
  }
};

template <typename T>
struct JsonValue<std::map<std::string, T>> {
  static std::map<std::string, T> read(const nlohmann::json& value, const std::string& where) {
    if (!value.is_object()) refuse_value(value, where, "an object");
    std::map<std::string, T> entries;
    for (const auto& item : value.items()) entries[item.key()] = json_value<T>(item.value(), where + "." + item.key());
    return entries;
  }
};

}  // namespace detail
}  // namespace consilium
