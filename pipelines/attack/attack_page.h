#pragma once

#include <string>
#include <vector>

#include "base/settings.h"
#include "imaging/render/picture.h"

namespace consilium::pipelines {

/// What a data-protection officer reads of one attack: first the answer, then the evidence, then what it does not show.
struct AttackPage {
  struct Figure {
    std::string name, value, note;  ///< plain text
  };
  struct Section {
    std::string title;  ///< plain text
    std::string html;
  };
  std::string title, headline, answer;  ///< plain text
  std::vector<Figure> figures;
  std::vector<Section> sections;
  Json settings;
};

/// One file, no script, no address outside itself; in the style of the run's report.
std::string attack_page(const AttackPage& page);

/// A picture inside the page, with what it shows below it (plain text).
std::string picture_html(const std::string& png, const std::string& shows);

}  // namespace consilium::pipelines
