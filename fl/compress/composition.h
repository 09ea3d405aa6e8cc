#pragma once

#include <string>
#include <string_view>

#include "fl/aggregate/aggregation.h"
#include "fl/compress/compression.h"

namespace consilium::fl {

/// Whether what a codec did not send is kept at the site and added to the next update.
enum class ErrorFeedbackUse {
  kNever,  ///< nothing is lost, or the error is unbiased: its mean over sites and rounds is 0, and feeding it back would add
           ///< variance
  kOptional,
  kAlways,  ///< biased: without it the mean of many rounds is wrong
};

/// What protects an update between the site's training and the sum.
enum class Protection { kSecureAggregation, kGroupedSecureAggregation, kHomomorphicEncryption, kDifferentialPrivacy, kGroupOwners };

struct CodecTraits {
  Codec codec = Codec::kNone;
  ErrorFeedbackUse error_feedback = ErrorFeedbackUse::kNever;
  bool codes_values = false;  ///< a second codec (float32, bf16, int8) writes the numbers that this one chose
  bool draws = false;         ///< uses random numbers
};
const CodecTraits& traits_of(Codec codec);

/// Why the two cannot be used together; empty when they can. This is the one place that says what composes with what:
/// docs/compression.md shows composition_table(), and a test compares the two.
std::string_view obstacle(const CompressionSettings& settings, AggregationRule rule);
std::string_view obstacle(const CompressionSettings& settings, Protection protection);
/// Whoever gets a sum only cannot compare, weigh or drop single updates; sums of groups can be compared.
std::string_view obstacle(Protection protection, AggregationRule rule);

/// @throws Error{kUsage} naming `path` and the obstacle.
void require_composes(const CompressionSettings& settings, AggregationRule rule, const std::string& path);
/// @throws as above.
void require_composes(const CompressionSettings& settings, Protection protection, const std::string& path);

/// @throws as above.
void require_composes(Protection protection, AggregationRule rule, const std::string& path);

/// As Markdown.
std::string composition_table();
/// Protections and rules, as Markdown.
std::string protection_table();

}  // namespace consilium::fl
