use super::columns::header_2024;
use super::*;
use crate::currency::Currency;

fn address() -> PostalAddress {
    PostalAddress {
        line1: "1 Main St, Apt 2".to_owned(),
        line2: None,
        city: "New York".to_owned(),
        region: Some("NY".to_owned()),
        postal_code: "10001".to_owned(),
        country: "US".to_owned(),
    }
}

fn payer() -> Payer {
    Payer {
        tin_kind: TinKind::Ein,
        tin: "45-1234567".to_owned(),
        business_name: Some("Acme, Inc".to_owned()),
        first_name: None,
        last_name: None,
        address: address(),
        phone: "212-555-0100".to_owned(),
        email: "tax@acme.example".to_owned(),
    }
}

fn content(first: Option<&str>, last: Option<&str>, business: Option<&str>) -> FormContent {
    FormContent {
        first_name: first.map(str::to_owned),
        last_name: last.map(str::to_owned),
        business_name: business.map(str::to_owned),
        tin: Some("400111222".to_owned()),
        foreign_tin: None,
        citizenship: None,
        address: address(),
    }
}

fn template(form: InformationReturn) -> Template {
    Template::parse(form, &header_2024(form)).expect("the template of 2024")
}

/// A row, by the names of its columns.
fn told(
    form: InformationReturn,
    content: &FormContent,
    is_individual: bool,
    boxes: (i64, i64),
) -> Vec<(String, String)> {
    let template = template(form);
    let partner = PartnerId::from_ulid(7_u128.into());
    let payee = Recipient { partner: &partner, tin_kind: TinKind::Ssn, is_individual, content };
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    let boxes = Boxes { paid: usd(boxes.0), withheld: usd(boxes.1) };
    let row = template.row(2025, &payer(), &payee, boxes).expect("a number");
    let (names, cells): (Vec<_>, Vec<_>) = (template.columns.clone(), row.split(',').map(str::to_owned).collect());
    assert_eq!(names.len(), cells.len(), "a comma in a cell: {row}");
    names.into_iter().zip(cells).filter(|(_, cell)| !cell.is_empty()).collect()
}

#[test]
fn the_templates_of_2024_have_their_columns() {
    for (form, count) in [(InformationReturn::Nec, 54), (InformationReturn::Misc, 66)] {
        let template = template(form);
        assert_eq!(template.columns.len(), count);
        assert_eq!(template.header(), header_2024(form));
        assert_eq!(built_in(form, 2025), Some(Ok(template)));
        assert_eq!(built_in(form, 2026), None);
    }
}

#[test]
fn a_person_is_told_by_first_and_last_name_with_the_whole_number_and_amounts_in_their_boxes() {
    let told = told(InformationReturn::Nec, &content(Some("Ada"), Some("Miller"), None), true, (200_000, 48_000));
    let cell = |name: &str| told.iter().find(|(column, _)| column == name).map_or("", |(_, cell)| cell.as_str());
    for (name, expected) in [
        ("Form Type", "1099-NEC"),
        ("Tax Year", "2025"),
        ("Payer TIN Type", "EIN"),
        ("Payer Taxpayer ID Number", "451234567"),
        ("Payer Name Type", "B"),
        // The portal takes no comma within a cell.
        ("Payer Business or Entity Name Line 1", "Acme Inc"),
        ("Payer Phone", "2125550100"),
        ("Recipient TIN Type", "SSN"),
        ("Recipient Taxpayer ID Number", "400111222"),
        ("Recipient Name Type", "I"),
        ("Recipient First Name", "Ada"),
        ("Recipient Last Name (Surname)", "Miller"),
        ("Recipient Business or Entity Name Line 1", ""),
        ("Recipient Address Line 1", "1 Main St Apt 2"),
        ("Form Account Number", "par_00000000000000000000000007"),
        ("Box 1 - Nonemployee Compensation", "2000.00"),
        ("Box 4 - Federal income tax withheld", "480.00"),
        ("Combined Federal/State Filing", ""),
    ] {
        assert_eq!(cell(name), expected, "{name}");
    }
}

#[test]
fn a_trade_name_stands_behind_its_person_and_a_company_alone_and_an_award_in_box_three() {
    let name = |told: Vec<(String, String)>| {
        let of = |name: &str| told.iter().find(|(column, _)| column == name).map(|(_, cell)| cell.clone());
        (
            of("Recipient Name Type"),
            of("Recipient Business or Entity Name Line 1"),
            of("Recipient Business or Entity Name Line 2"),
            of("Recipient First Name"),
            of("Box 3 - Other Income"),
        )
    };
    let text = |text: &str| Some(text.to_owned());
    let both = content(Some("Ada"), Some("Miller"), Some("Miller Web"));
    let misc = InformationReturn::Misc;
    let trade = name(told(misc, &both, true, (10_000_000, 0)));
    assert_eq!(trade, (text("B"), text("Ada Miller"), text("Miller Web"), None, text("100000.00")));
    // Of a company the person is whom to ask there.
    let company = name(told(misc, &both, false, (0, 100)));
    assert_eq!(company, (text("B"), text("Miller Web"), None, None, None));
}

#[test]
fn a_template_with_new_boxes_is_filled_by_name_and_one_with_unknown_columns_is_refused() {
    let form = InformationReturn::Nec;
    let old = header_2024(form);
    let new = old.replace("Box 1 - Nonemployee Compensation", "Box 1a - Nonemployee compensation,Box 1b - Cash tips");
    let parsed = Template::parse(form, &format!("\u{feff}{new}\r\n")).expect("the new boxes");
    assert_eq!(parsed.columns.len(), 55);
    for (header, fault) in [
        (String::new(), TemplateFault::NoHeader),
        (format!("{old}\nsecond"), TemplateFault::NoHeader),
        (format!("{old},Shoe Size"), TemplateFault::Unknown("Shoe Size".to_owned())),
        (format!("{old},"), TemplateFault::Unknown(String::new())),
        (format!("{old},Tax Year"), TemplateFault::Twice("Tax Year".to_owned())),
        (old.replace("Box 1 - Nonemployee Compensation,", ""), TemplateFault::Missing("the amount")),
        (old.replace(",Box 4 - Federal income tax withheld", ""), TemplateFault::Missing("the tax withheld")),
        (old.replace(",Recipient Taxpayer ID Number", ""), TemplateFault::Missing("the payee's number")),
        (
            header_2024(InformationReturn::Misc).replace("Box 3 - Other Income,", ""),
            TemplateFault::Missing("the amount"),
        ),
    ] {
        let form = if header.contains("Rents") { InformationReturn::Misc } else { form };
        assert_eq!(Template::parse(form, &header), Err(fault), "{header}");
    }
}

#[test]
fn what_a_spreadsheet_would_run_and_what_breaks_a_row_is_no_cell() {
    for (text, expected) in [
        ("=HYPERLINK(1)", "HYPERLINK(1)"),
        (" +1\t-2 ", "1 -2"),
        ("@a", "a"),
        ("O'Neil, \"Bo\"\r\n", "O'Neil Bo"),
        ("Zoë-Ann", "Zoë-Ann"),
        ("- ", ""),
    ] {
        assert_eq!(cell(text), expected, "{text:?}");
    }
}

#[test]
fn a_file_is_a_header_and_its_rows_without_blank_ones() {
    let template = template(InformationReturn::Nec);
    let text = file_of(&template, &["a".to_owned(), "b".to_owned()]);
    assert_eq!(text, format!("{}\r\na\r\nb\r\n", header_2024(InformationReturn::Nec)));
}

#[test]
fn every_field_of_a_payer_is_looked_at() {
    assert_eq!(payer_faults(&payer()), []);
    let nameless = Payer { business_name: None, tin: "1".to_owned(), phone: " ".to_owned(), ..payer() };
    let fields: Vec<_> = payer_faults(&nameless).into_iter().map(|fault| fault.pointer).collect();
    assert_eq!(fields, ["/tin", "/business_name", "/phone"]);
    let person = Payer { business_name: None, first_name: Some("A".into()), last_name: Some("B".into()), ..payer() };
    assert_eq!(payer_faults(&person), []);
}
