#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::pipelines {

/// What was reconstructed from one kind of update.
struct InversionRow {
  std::string name;         ///< "single", "secure", ...
  std::string words;        ///< what it is, plain text
  bool protects = false;    ///< is it a protection, or an unprotected update?
  double psnr_db = 0, ssim = 0, correlation = 0;  ///< of the reconstruction that comes nearest to any image that took part; see imaging/metrics/similarity.h
  double mismatch = 0;      ///< how well the reconstruction explains the update; 0: wholly
  std::vector<float> original{}, found{};         ///< that pair, size^3 each; `found` with its contrast fitted
  double floor_ssim = 0;    ///< the nearest that comes what an attacker has without the update: images of patients who took no part, their mean, and the labels painted where the attacker is told them
  bool is_recognised() const;   ///< passes half of what is between the floor and the image itself
  bool tells_something() const; ///< more than the floor, by more than the luck of a search
};

struct InversionResults {
  std::string channel;
  std::int64_t size = 0;
  double spacing_mm = 0;
  std::int64_t parameters = 0;
  std::int64_t outsiders = 0;  ///< patients who took no part, from whose images the floor is made
  std::vector<InversionRow> rows;
  Json settings;
};

Json to_json(const InversionResults& results);  ///< without the images
std::string to_text(const InversionResults& results);
/// Original and reconstruction side by side, row by row; PNG.
std::string inversion_picture(const InversionResults& results);
std::string inversion_page(const InversionResults& results);

}  // namespace consilium::pipelines
