#include "pipelines/attack/inversion_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "imaging/render/picture.h"
#include "pipelines/attack/attack_page.h"
#include "pipelines/report_html.h"

namespace consilium::pipelines {
namespace {

constexpr int kZoom = 8;  // pixels per voxel

/// The middle axial slice, from black at the original's darkest voxel to white at its brightest; the nose up, as the arrays are LPS.
imaging::Picture slice_of(const std::vector<float>& image, const std::vector<float>& original, std::int64_t size) {
  const auto plane = original.begin() + size / 2 * size * size;
  const auto [low, high] = std::minmax_element(plane, plane + size * size);
  imaging::Picture picture{.width = static_cast<int>(size) * kZoom, .height = static_cast<int>(size) * kZoom, .channels = 1, .bytes = {}};
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const float value = image[static_cast<std::size_t>((size / 2 * size + y / kZoom) * size + x / kZoom)];
      picture.bytes.push_back(static_cast<std::uint8_t>(std::lround(std::clamp((value - *low) / std::max(*high - *low, 1e-6F), 0.0F, 1.0F) * 255)));
    }
  return picture;
}

/// SSIM by which the better of a few random searches passes another.
constexpr double kLuck = 0.05;

std::string verdict(const InversionRow& row) {
  if (row.is_recognised()) return "recognised";
  return row.tells_something() ? "more than without it" : "nothing";
}

}  // namespace

bool InversionRow::is_recognised() const { return ssim > (1 + std::max(0.0, floor_ssim)) / 2; }
bool InversionRow::tells_something() const { return ssim > floor_ssim + kLuck; }

Json to_json(const InversionResults& results) {
  Json rows = Json::array();
  for (const InversionRow& r : results.rows)
    rows.push_back({{"name", r.name}, {"protects", r.protects}, {"psnr_db", r.psnr_db}, {"ssim", r.ssim}, {"correlation", r.correlation}, {"mismatch", r.mismatch}, {"floor_ssim", r.floor_ssim}, {"tells_something", r.tells_something()}, {"recognised", r.is_recognised()}});
  return {{"schema", "consilium.attack_inversion_results/1"}, {"channel", results.channel}, {"size", results.size}, {"spacing_mm", results.spacing_mm}, {"parameters", results.parameters}, {"outsiders", results.outsiders}, {"rows", rows}, {"settings", results.settings}};
}

std::string to_text(const InversionResults& results) {
  std::string text = fmt::format("Images from updates: cubes of {} voxels of {} mm, {}; floor: what images of {} patients who took no part, and their mean, come near to\n\n{:<22}{:>9}{:>8}{:>8}{:>13}  {}\n", results.size, results.spacing_mm, results.channel, results.outsiders, "update", "PSNR dB", "SSIM", "floor", "correlation", "patient");
  for (const InversionRow& row : results.rows) text += fmt::format("{:<22}{:>9.1f}{:>8.2f}{:>8.2f}{:>13.2f}  {}\n", row.name, row.psnr_db, row.ssim, row.floor_ssim, row.correlation, verdict(row));
  return text;
}

std::string inversion_picture(const InversionResults& results) {
  imaging::Montage montage;
  montage.columns = {"image", "from update"};
  for (const InversionRow& row : results.rows) {
    montage.rows.push_back(row.name);
    montage.pictures.push_back({slice_of(row.original, row.original, results.size), slice_of(row.found, row.original, results.size)});
  }
  return imaging::encode_png(imaging::draw_montage(montage));
}

std::string inversion_page(const InversionResults& results) {
  AttackPage page;
  page.title = "Can an image be read out of what a hospital sends?";
  const auto count = [&](bool protects) { return std::count_if(results.rows.begin(), results.rows.end(), [&](const InversionRow& r) { return r.protects == protects && r.is_recognised(); }); };
  const auto all_protected = std::count_if(results.rows.begin(), results.rows.end(), [](const InversionRow& r) { return r.protects; });
  const auto tell = std::count_if(results.rows.begin(), results.rows.end(), [](const InversionRow& r) { return r.protects && r.tells_something(); });
  page.headline = count(false) > 0 ? (tell == 0 ? "Yes without protection, no with it" : "Yes, and not every protection that was tried prevents it") : "Not by what was tried here";
  page.answer = fmt::format("An update that holds one training step on one patient's cube of {0} x {0} x {0} voxels was attacked as a curious coordinator could. Of {1} protected updates {2} gave a recognisable image, and {3} more than the attacker had without them.", results.size, all_protected, count(true), tell);
  for (const InversionRow& row : results.rows) page.figures.push_back({row.name, number(row.ssim, 2), "SSIM, floor " + number(row.floor_ssim, 2) + ": " + verdict(row)});
  std::string body;
  for (const InversionRow& row : results.rows)
    body += element("tr", "", element("th", "", escape_html(row.name)) + element("td", "class=\"text\"", escape_html(row.words)) + element("td", "", number(row.psnr_db, 1)) + element("td", "", number(row.ssim, 2)) + element("td", "", number(row.floor_ssim, 2)) + element("td", "", number(row.correlation, 2)) + element("td", "class=\"text\"", verdict(row)));
  std::string head = element("th", "", "update") + element("th", "class=\"text\"", "what was sent") + element("th", "", "PSNR, dB") + element("th", "", "SSIM") + element("th", "", "floor") + element("th", "", "correlation") + element("th", "class=\"text\"", "patient");
  page.sections.push_back({"What an attacker gets", element("div", "class=\"scroll\"", element("table", "", element("thead", "", element("tr", "", head)) + element("tbody", "", body))) +
                                                       element("p", "class=\"muted\"", "SSIM is 1 for equal images. The floor is what an attacker has without any update: the nearest of " + std::to_string(results.outsiders) + " other patients' images, of their mean and, where the attacker is told the labels voxel by voxel, of these labels painted. A patient counts as recognised above half of what lies between it and 1; an update tells nothing of him below it.") +
                                                       picture_html(inversion_picture(results), "The middle slice of the image that was trained on, and what was made of the update")});
  page.sections.push_back({"What this does not show",
                           "<ul><li>The attacker was given more than a coordinator knows: how many patients took part and all labels. A better attack may still find more; only differential privacy bounds it.</li>"
                           "<li>One network, drawn at random, and small cubes of one sequence: larger images and trained networks are harder to invert, networks with a first linear layer easier.</li>"
                           "<li>A sum over sites protects by how many patches are in it: sites that train one step on one patient each are one batch of a few images, which can be inverted.</li>"
                           "<li>Secure aggregation hides a site among those that take part; it hides nothing where the others work together with the coordinator.</li></ul>"});
  page.settings = results.settings;
  return attack_page(page);
}

}  // namespace consilium::pipelines
